//! Revisions: the texts of AppSpec files, kept under their digest.
//!
//! AWS's digest is SHA-256 of the text. Nobody here checks one against a text, so a stand-in of
//! the same look does; a digest that came with the text is kept.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rand::Rng;

use super::applications::{application, application_mut};
use super::errors::{error, invalid_revision};
use super::wire::{
    AppSpecText, GenericRevisionInfo, GetApplicationRevisionRequest,
    GetApplicationRevisionResponse, RevisionLocation,
};
use crate::sim::errors::AwsError;
use crate::sim::streams::{name_hash, stream};
use crate::sim::world::World;

/// The two members that can hold an AppSpec's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    AppSpecContent,
}

/// A revision that deployments used.
#[derive(Debug, Clone)]
pub(super) struct Revision {
    kind: Kind,
    text: String,
    sha256: String,
    description: Option<String>,
    registered: Timestamp,
    last_used: Timestamp,
    groups: BTreeSet<String>,
}

/// A revision as a request gives it: its kind, and its text or digest or both.
pub(super) struct Given {
    pub kind: Kind,
    pub text: Option<String>,
    sha256: Option<String>,
}

impl Given {
    /// Reads a request's revision.
    pub fn read(location: RevisionLocation) -> Result<Self, AwsError> {
        let (kind, held) = match location.revision_type.as_deref() {
            Some("String") => (Kind::String, location.string),
            Some("AppSpecContent") => (Kind::AppSpecContent, location.app_spec_content),
            Some(other @ ("S3" | "GitHub")) => {
                return Err(invalid_revision(format!(
                    "Revisions in {other} are not simulated; give the AppSpec's text as AppSpecContent."
                )));
            }
            _ => {
                return Err(invalid_revision(
                    "The revision's revisionType must be AppSpecContent or String.",
                ));
            }
        };
        let held = held.unwrap_or_default();
        if held.content.is_none() && held.sha256.is_none() {
            return Err(invalid_revision(
                "The revision has neither content nor sha256 in the member of its revisionType.",
            ));
        }
        Ok(Self {
            kind,
            text: held.content,
            sha256: held.sha256,
        })
    }

    /// A text that CodeDeploy itself wrote.
    pub fn written(text: String) -> Self {
        Self {
            kind: Kind::AppSpecContent,
            text: Some(text),
            sha256: None,
        }
    }

    fn digest(&self) -> String {
        let text = self.text.as_deref().unwrap_or_default();
        self.sha256.clone().unwrap_or_else(|| digest(text))
    }
}

/// The text of a given revision, its own or the one that the application has under its digest.
pub(super) fn text(world: &World, name: &str, given: &Given) -> Result<String, AwsError> {
    if let Some(text) = &given.text {
        return Ok(text.clone());
    }
    let digest = given.digest();
    let revisions = &application(world, name)?.revisions;
    let found = revisions
        .iter()
        .find(|known| known.kind == given.kind && known.sha256 == digest);
    found.map(|known| known.text.clone()).ok_or_else(|| {
        error(
            "RevisionDoesNotExistException",
            "The revision does not exist.",
        )
    })
}

/// Keeps a revision that a group uses now; answers where it is, without its text.
pub(super) fn register(
    world: &mut World,
    name: &str,
    group: &str,
    given: &Given,
    text: &str,
) -> Result<RevisionLocation, AwsError> {
    let (now, sha256) = (world.now, given.digest());
    let revisions = &mut application_mut(world, name)?.revisions;
    let known = revisions
        .iter()
        .position(|known| known.kind == given.kind && known.sha256 == sha256);
    let index = known.unwrap_or_else(|| {
        revisions.push(Revision {
            kind: given.kind,
            text: text.to_owned(),
            sha256,
            description: Some("Application revision registered by Deployment".to_owned()),
            registered: now,
            last_used: now,
            groups: BTreeSet::new(),
        });
        revisions.len() - 1
    });
    let revision = &mut revisions[index];
    // Two texts under one digest: the client made it up, and the newer text is what it means.
    text.clone_into(&mut revision.text);
    revision.last_used = now;
    revision.groups.insert(group.to_owned());
    Ok(revision.location(None))
}

pub(in crate::sim) fn get_application_revision(
    world: &mut World,
    request: GetApplicationRevisionRequest,
) -> Result<GetApplicationRevisionResponse, AwsError> {
    let application = application(world, &request.application_name)?;
    if request.revision == RevisionLocation::default() {
        return Err(error(
            "RevisionRequiredException",
            "The revision is required.",
        ));
    }
    let given = Given::read(request.revision)?;
    let digest = given.digest();
    let revision = application
        .revisions
        .iter()
        .find(|known| known.kind == given.kind && known.sha256 == digest)
        .ok_or_else(|| {
            error(
                "RevisionDoesNotExistException",
                "The revision does not exist.",
            )
        })?;
    Ok(GetApplicationRevisionResponse {
        application_name: request.application_name,
        revision: revision.location(Some(revision.text.clone())),
        revision_info: GenericRevisionInfo {
            description: revision.description.clone(),
            deployment_groups: revision.groups.iter().cloned().collect(),
            first_used_time: Some(revision.registered),
            last_used_time: Some(revision.last_used),
            register_time: revision.registered,
        },
    })
}

impl Revision {
    fn location(&self, content: Option<String>) -> RevisionLocation {
        let held = Some(AppSpecText {
            content,
            sha256: Some(self.sha256.clone()),
        });
        match self.kind {
            Kind::String => RevisionLocation {
                revision_type: Some("String".to_owned()),
                string: held,
                ..Default::default()
            },
            Kind::AppSpecContent => RevisionLocation {
                revision_type: Some("AppSpecContent".to_owned()),
                app_spec_content: held,
                ..Default::default()
            },
        }
    }
}

fn digest(text: &str) -> String {
    let mut bytes = [0_u8; 32];
    stream(name_hash(text), "revision").fill_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
