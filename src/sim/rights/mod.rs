//! Rights: what the holders of roles may do, and what they did of it.
//!
//! As on AWS a role has policies, and a call by its holder needs a statement that allows its action
//! on its resource. Functions call under their role, the state machine invokes under its own, and
//! what comes of an asynchronous invocation goes out under the role of the function that ran. A role
//! of which no policy is known here may do anything, and so may whoever has none: not everything in
//! this account is about rights.
//!
//! Every use is kept with the statement that allowed it, so that one can tell which statements nobody
//! needs. What this module refuses to know: which roles a stack has. Start reading at
//! [`World::acting_as`].

mod calls;
mod policy;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::errors::{AwsError, Service};
use super::faults;
use super::lambda::InvokeRequest;
use super::world::World;
use calls::Wanted;
use policy::Policy;

/// The roles with known policies, who calls now, and what was asked for so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Rights {
    roles: BTreeMap<String, Policy>,
    caller: Option<String>,
    uses: BTreeSet<RightUse>,
}

/// That the holder of a role asked for something, once or often.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RightUse {
    /// The role's name.
    pub role: String,
    /// The action, as policies name it: `lambda:UpdateAlias`.
    pub action: String,
    /// The resource's ARN, or `*` for a call that has none.
    pub resource: String,
    /// The `Sid` of the statement that allowed it, or its number from 1 on; `None`: it was refused.
    pub statement: Option<String>,
}

impl World {
    /// Gives a role its policy: the list of statements of an identity-based policy document.
    ///
    /// # Errors
    ///
    /// IAM's `MalformedPolicyDocument`, also for what is not simulated: conditions, `NotAction`,
    /// `NotResource`.
    pub fn put_role(&mut self, role: &str, statements: &Value) -> Result<(), AwsError> {
        let policy = Policy::read(statements)
            .map_err(|problem| AwsError::new("MalformedPolicyDocument", 400, problem))?;
        self.rights.roles.insert(role.to_owned(), policy);
        Ok(())
    }

    /// The names of the roles whose policies are known.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.rights.roles.keys().map(String::as_str)
    }

    /// What `f` calls with faults is called by the holder of a role.
    pub fn acting_as<T>(&mut self, role: Option<&str>, f: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.rights.caller, role.map(str::to_owned));
        let result = f(self);
        self.rights.caller = before;
        result
    }

    /// What holders of roles with known policies have asked for, granted or refused.
    pub fn right_uses(&self) -> impl Iterator<Item = &RightUse> {
        self.rights.uses.iter()
    }

    /// The role of whoever calls now.
    pub(super) fn caller(&self) -> Option<&str> {
        self.rights.caller.as_deref()
    }

    /// Refuses a call that the caller's role does not allow. A refusal is in the trace.
    pub(super) fn authorise(
        &mut self,
        service: Service,
        operation: &str,
        input: &Value,
    ) -> Result<(), AwsError> {
        let Some(role) = self.known_caller() else {
            return Ok(());
        };
        let wanted = calls::of(self, service, operation, input);
        let allowed = self.allow(&role, wanted);
        allowed.map_err(|refused| self.refusal(service, operation, &refused))
    }

    /// The same for `Invoke`.
    pub(super) fn authorise_invoke(&mut self, request: &InvokeRequest) -> Result<(), AwsError> {
        let Some(role) = self.known_caller() else {
            return Ok(());
        };
        let wanted = calls::of_invoke(self, request);
        let allowed = self.allow(&role, wanted);
        allowed.map_err(|refused| self.refusal(Service::Lambda, "Invoke", &refused))
    }

    /// Whether a service may do something under a role that it was given, by its ARN.
    pub(super) fn may(&mut self, role_arn: &str, action: &str, resource: &str) -> bool {
        let role = name_of(role_arn);
        if !self.rights.roles.contains_key(role) {
            return true;
        }
        let wanted = Wanted {
            action: action.to_owned(),
            resources: vec![resource.to_owned()],
        };
        self.allow(role, wanted).is_ok()
    }

    /// The caller's role, if its policy is known.
    fn known_caller(&self) -> Option<String> {
        let role = self.rights.caller.as_ref()?;
        self.rights.roles.contains_key(role).then(|| role.clone())
    }

    /// Holds a role's policy against every resource of what is wanted, and keeps what came of it;
    /// the first that is not allowed is the refusal.
    fn allow(&mut self, role: &str, wanted: Wanted) -> Result<(), RightUse> {
        let Rights { roles, uses, .. } = &mut self.rights;
        let Some(policy) = roles.get(role) else {
            return Ok(());
        };
        let Wanted {
            action,
            mut resources,
        } = wanted;
        if resources.is_empty() {
            if policy.allows_somewhere(&action).is_some() {
                return Ok(());
            }
            resources.push("*".to_owned());
        }
        let mut refused = None;
        for resource in resources {
            let statement = policy.allows(&action, &resource).map(str::to_owned);
            let one = RightUse {
                role: role.to_owned(),
                action: action.clone(),
                resource,
                statement,
            };
            if one.statement.is_none() {
                refused.get_or_insert_with(|| one.clone());
            }
            uses.insert(one);
        }
        refused.map_or(Ok(()), Err)
    }

    fn refusal(&mut self, service: Service, operation: &str, refused: &RightUse) -> AwsError {
        let RightUse {
            role,
            action,
            resource,
            ..
        } = refused;
        let mut error = faults::access_denied(service);
        error.message = format!(
            "User: arn:aws:sts::{}:assumed-role/{role}/local is not authorized to perform: {action} on \
             resource: {resource} because no identity-based policy allows the {action} action",
            self.account()
        );
        self.record(service, operation, Some(&error));
        error
    }
}

/// A role's name in its ARN, whose path does not matter.
#[must_use]
pub fn name_of(role_arn: &str) -> &str {
    role_arn.rsplit('/').next().unwrap_or(role_arn)
}

#[cfg(test)]
#[path = "rights_tests.rs"]
mod tests;
