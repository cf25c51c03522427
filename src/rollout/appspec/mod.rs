//! What a deployment is about, from the AppSpec of its revision: function, alias, two versions.
//!
//! CodeDeploy tells a hook no more than the deployment's id, and its deployment targets may not
//! be there yet when the first hook runs; the revision always is. It stands in the core because
//! the functions and the simulated CodeDeploy must read the same text in the same way.
//!
//! Nothing is guessed: what is there twice, or could be read in two ways, is an error. Keys are
//! taken in any case, as AWS' own examples have both `Properties` and `properties`. Hooks and
//! unknown keys are not looked at.

mod tree;

use serde::{Deserialize, Serialize};

use self::tree::Tree;
use super::{
    state::brief,
    version::{NotAVersion, Version},
};

/// The longest AppSpec, in bytes. CodeDeploy's limit for a revision that is a text is not
/// documented; this is what one Step Functions payload or one Lambda event could carry.
pub const APPSPEC_MAX: usize = 256 * 1024;

/// The only type of resource that has an alias.
const FUNCTION_TYPE: &str = "AWS::Lambda::Function";

/// The only format there is.
const FORMAT: f64 = 0.0;

/// What a deployment shifts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The function's name.
    pub function: String,
    /// The alias' name.
    pub alias: String,
    /// The version that the alias is at.
    pub current: Version,
    /// The version that gets the traffic.
    pub target: Version,
}

/// Why a text does not say what a deployment is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppSpecError {
    /// More bytes than [`APPSPEC_MAX`].
    #[error("the AppSpec has {0} bytes; more than {APPSPEC_MAX} are not read")]
    TooLarge(usize),
    /// Nothing but white space.
    #[error("the AppSpec is empty")]
    Empty,
    /// Neither JSON nor YAML.
    #[error("the AppSpec is neither JSON nor YAML: {0}")]
    NotParseable(String),
    /// More than one YAML document.
    #[error("the AppSpec has more than one YAML document")]
    SeveralTexts,
    /// A YAML alias, which stands for a value elsewhere.
    #[error("the AppSpec has a YAML alias (*name), which is not followed")]
    YamlAlias,
    /// A format that is not known.
    #[error("the AppSpec has version {0:?}; the only one there is, is 0.0")]
    Format(String),
    /// A property that has to be there.
    #[error("the AppSpec has no {0}")]
    Missing(String),
    /// A property that is there twice.
    #[error("the AppSpec has {0} twice, and only one of them could count")]
    Twice(String),
    /// A list where a single value belongs, and the like.
    #[error("the AppSpec's {path} is {found}, where {expected} belongs")]
    WrongType {
        /// Where.
        path: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// No resource at all.
    #[error("the AppSpec names no resource")]
    NoResource,
    /// More than one resource.
    #[error("the AppSpec names {} resources: {}", .0.len(), brief(&.0.join(", ")))]
    SeveralResources(Vec<String>),
    /// A resource that is no function.
    #[error("the AppSpec's resource {resource} is of type {found:?}, not {FUNCTION_TYPE}")]
    NotAFunction {
        /// The resource's name in the AppSpec.
        resource: String,
        /// Its type.
        found: String,
    },
    /// Something else where a published version belongs.
    #[error("the AppSpec's {path}: {error}")]
    NotAVersion {
        /// Where.
        path: String,
        /// What is wrong with it.
        #[source]
        error: NotAVersion,
    },
}

impl Target {
    /// The one function of an AppSpec for Lambda, in JSON or YAML.
    ///
    /// # Errors
    /// If the text does not say exactly one function, its alias and two published versions.
    pub fn parse(text: &str) -> Result<Self, AppSpecError> {
        if text.len() > APPSPEC_MAX {
            return Err(AppSpecError::TooLarge(text.len()));
        }
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Err(AppSpecError::Empty);
        }
        let tree = tree::read(text)?;
        let root = Place {
            tree: &tree,
            path: String::new(),
        };
        let format = root.field("version")?.text()?;
        if format.parse() != Ok(FORMAT) {
            return Err(AppSpecError::Format(brief(format)));
        }
        let (name, resource) = the_one(&root.field("Resources")?)?;
        let kind = resource.field("Type")?.text()?;
        if kind != FUNCTION_TYPE {
            return Err(AppSpecError::NotAFunction {
                resource: brief(name),
                found: brief(kind),
            });
        }
        let properties = resource.field("Properties")?;
        Ok(Self {
            function: properties.field("Name")?.text()?.to_owned(),
            alias: properties.field("Alias")?.text()?.to_owned(),
            current: properties.field("CurrentVersion")?.version()?,
            target: properties.field("TargetVersion")?.version()?,
        })
    }
}

/// The only resource and its name. Resources are a list of mappings with one key each; a mapping
/// with two keys is two resources.
fn the_one<'a>(resources: &Place<'a>) -> Result<(&'a str, Place<'a>), AppSpecError> {
    let Tree::List(items) = resources.tree else {
        return Err(resources.wrong_type("a list of resources"));
    };
    let mut found = Vec::new();
    for (index, tree) in items.iter().enumerate() {
        let path = format!("{}[{index}]", resources.path);
        let item = Place { tree, path };
        let named = item.fields("a mapping with the resource's name")?;
        found.extend(named.iter().map(|(name, tree)| {
            let path = format!("{}.{}", item.path, brief(name));
            (name.as_str(), Place { tree, path })
        }));
    }
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(AppSpecError::NoResource),
        (Some(one), true) => Ok(one),
        (Some(last), false) => {
            let names = found.iter().chain([&last]);
            let names = names.map(|(name, _)| brief(name)).collect();
            Err(AppSpecError::SeveralResources(names))
        }
    }
}

/// A value and the path to it.
struct Place<'a> {
    tree: &'a Tree,
    path: String,
}

impl<'a> Place<'a> {
    fn field(&self, key: &str) -> Result<Place<'a>, AppSpecError> {
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        let fields = self.fields("a mapping")?;
        let mut same = fields.iter().filter(|(k, _)| k.eq_ignore_ascii_case(key));
        match (same.next(), same.next()) {
            (None | Some((_, Tree::Nothing)), None) => Err(AppSpecError::Missing(path)),
            (Some((_, tree)), None) => Ok(Place { tree, path }),
            (_, Some(_)) => Err(AppSpecError::Twice(path)),
        }
    }

    fn fields(&self, expected: &'static str) -> Result<&'a [(String, Tree)], AppSpecError> {
        match self.tree {
            Tree::Map(fields) => Ok(fields),
            _ => Err(self.wrong_type(expected)),
        }
    }

    fn text(&self) -> Result<&'a str, AppSpecError> {
        match self.tree {
            Tree::Scalar(text) if text.trim().is_empty() => {
                Err(AppSpecError::Missing(self.path.clone()))
            }
            Tree::Scalar(text) => Ok(text),
            _ => Err(self.wrong_type("a single value")),
        }
    }

    fn version(&self) -> Result<Version, AppSpecError> {
        let text = self.text()?;
        brief(text)
            .parse()
            .map_err(|error| AppSpecError::NotAVersion {
                path: self.path.clone(),
                error,
            })
    }

    fn wrong_type(&self, expected: &'static str) -> AppSpecError {
        let path = match self.path.as_str() {
            "" => "whole text".to_owned(),
            path => path.to_owned(),
        };
        AppSpecError::WrongType {
            path,
            expected,
            found: self.tree.kind(),
        }
    }
}

impl AppSpecError {
    fn not_parseable(error: &dyn std::fmt::Display) -> Self {
        Self::NotParseable(brief(&error.to_string()))
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => {
                "an AppSpec for Lambda needs a few hundred bytes: version, one resource, hooks"
            }
            Self::Empty | Self::NotParseable(_) | Self::WrongType { .. } | Self::Format(_) => {
                "an AppSpec for Lambda has `version: 0.0` and, under `Resources`, a list with one \
                 resource that has `Type` and `Properties`"
            }
            Self::SeveralTexts => "leave one document: remove the line --- between them",
            Self::YamlAlias => "write the value out where the alias stands",
            Self::Missing(_) => {
                "a function needs `Type`, and in `Properties` `Name`, `Alias`, `CurrentVersion` \
                 and `TargetVersion`"
            }
            Self::Twice(_) => "remove one of them; upper and lower case are the same key",
            Self::NoResource => "name the function and its alias under `Resources`",
            Self::SeveralResources(_) => {
                "CodeDeploy shifts one function a deployment: make a deployment for each"
            }
            Self::NotAFunction { .. } => {
                "these hooks watch Lambda functions; leave them out of other deployments"
            }
            Self::NotAVersion { .. } => {
                "name published versions: `aws lambda list-versions-by-function` shows them"
            }
        }
    }
}

#[cfg(test)]
#[path = "appspec_tests.rs"]
mod tests;
