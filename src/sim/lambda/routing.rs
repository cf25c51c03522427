//! Which version a request reaches.

use rand::RngExt;

use super::name::FunctionName;
use super::versions::VersionState;
use crate::sim::errors::AwsError;
use crate::sim::traffic::Behaviour;
use crate::sim::world::World;

/// Where one request goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The function's bare name.
    pub function: String,
    /// The alias, version or `$LATEST` that was called, if any was named.
    pub qualifier: Option<String>,
    /// The version that runs.
    pub executed_version: String,
    /// Whether it was reached through an alias that carries weights; only then CloudWatch gets
    /// series per executed version.
    pub weighted: bool,
}

impl World {
    /// Chooses the version that a request to `function` (and `qualifier`) reaches, by the alias'
    /// weights at this moment. For a caller that runs the function itself and then reports with
    /// [`World::record_invocation`].
    ///
    /// # Errors
    ///
    /// As `Invoke`: no such function, version or alias, or a version that is not `Active`.
    pub fn route(&mut self, function: &str, qualifier: Option<&str>) -> Result<Route, AwsError> {
        let name = FunctionName::parse(function, self)?.qualified(qualifier.map(str::to_owned))?;
        let found = self.function(&name.name)?;
        let alias = name
            .qualifier
            .as_ref()
            .and_then(|qualifier| found.aliases.get(qualifier));
        let (executed, weighted) = match (alias, &name.qualifier) {
            (None, None) => ("$LATEST".to_owned(), false),
            (None, Some(version)) => (version.clone(), false),
            (Some(alias), _) => match alias.weights.first_key_value() {
                None => (alias.version.clone(), false),
                Some((additional, &weight)) => {
                    let (main, additional) = (alias.version.clone(), additional.clone());
                    let stream = format!(
                        "route:{}:{}",
                        name.name,
                        name.qualifier.as_deref().unwrap_or_default()
                    );
                    let canary = self.stream(&stream).random::<f64>() < weight;
                    (if canary { additional } else { main }, true)
                }
            },
        };
        let missing = self.function_not_found(&name.name, name.qualifier.as_deref());
        let version = self
            .function(&name.name)?
            .version(&executed)
            .ok_or(missing)?;
        check_state(version.state)?;
        Ok(Route {
            function: name.name,
            qualifier: name.qualifier,
            executed_version: executed,
            weighted,
        })
    }

    /// The bare name and the qualifier that a spelling of a function's name means.
    pub(in crate::sim) fn named(
        &self,
        function: &str,
        qualifier: Option<&str>,
    ) -> Result<(String, Option<String>), AwsError> {
        let name = FunctionName::parse(function, self)?.qualified(qualifier.map(str::to_owned))?;
        Ok((name.name, name.qualifier))
    }

    /// How the version at the end of a route behaves.
    pub(in crate::sim) fn behaviour(&self, route: &Route) -> Behaviour {
        self.functions
            .get(&route.function)
            .and_then(|function| function.version(&route.executed_version))
            .map_or_else(Behaviour::default, |version| version.behaviour)
    }
}

fn check_state(state: VersionState) -> Result<(), AwsError> {
    match state {
        VersionState::Active => Ok(()),
        VersionState::Pending | VersionState::Failed => Err(AwsError::lambda(
            "ResourceConflictException",
            409,
            format!(
                "The operation cannot be performed at this time. The function is currently in the following state: {}",
                state.as_str()
            ),
        )),
    }
}
