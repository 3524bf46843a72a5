//! The configuration's texts: as they are in force, as they lie on the disk, and as somebody would like to have them. Passwords are in none
//! of them. Nothing is written: the files are their owner's.

use super::Context;
use super::dto::ConfigError;
use super::params::Params;
use super::problem::Problem;
use crate::config::{SourceFile, secrets};
use crate::io::config_files::FolderError;
use crate::switch::changes::changes;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use utoipa::ToSchema;

/// A file of the configuration, without its passwords: `"•••••• 1"` stands for the first, and may be sent back to be checked.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfigText {
    #[schema(examples("agents.toml"))]
    pub name: String,
    /// As the switch has read it; null when the file is new.
    pub in_force: Option<String>,
    /// As it lies there now; null when it is gone.
    pub on_disk: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ConfigTextList {
    pub items: Vec<ConfigText>,
    /// Always null: all come at once.
    pub next: Option<String>,
}

/// Files to be checked; those that are not among them are taken as they lie on the disk.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigCheckRequest {
    pub files: Vec<EditedText>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditedText {
    #[schema(examples("agents.toml"))]
    pub name: String,
    pub text: String,
}

/// What a reload would say.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfigVerdict {
    /// With any, nothing would change.
    pub errors: Vec<ConfigError>,
    pub warnings: Vec<ConfigError>,
    /// What would change, a line each.
    pub changes: Vec<String>,
}

/// The configuration's files, as they are in force and as they lie on the disk.
#[utoipa::path(get, path = "/api/v1/config", tag = "administration",
    responses((status = 200, body = ConfigTextList), (status = 503, body = Problem, content_type = "application/problem+json",
        description = "the folder cannot be read")))]
pub async fn texts(State(context): State<Arc<Context>>, params: Params) -> Result<Json<ConfigTextList>, Problem> {
    params.end()?;
    let on_disk = read(&context).await?;
    let in_force = context.api.config.texts();
    let by_name =
        |files: &[SourceFile]| -> BTreeMap<String, String> { files.iter().map(|file| (name(file), secrets::hidden(&file.text))).collect() };
    let (mut in_force, mut on_disk) = (by_name(&in_force), by_name(&on_disk));
    let names: BTreeSet<String> = in_force.keys().chain(on_disk.keys()).cloned().collect();
    let items = names.into_iter().map(|name| {
        let (in_force, on_disk) = (in_force.remove(&name), on_disk.remove(&name));
        ConfigText { name, in_force, on_disk }
    });
    Ok(Json(ConfigTextList { items: items.collect(), next: None }))
}

/// Checks what somebody would like to have, as `sanling check` does. Nothing is changed.
#[utoipa::path(post, path = "/api/v1/config/check", tag = "administration", request_body = ConfigCheckRequest,
    responses((status = 200, body = ConfigVerdict), (status = 400, body = Problem, content_type = "application/problem+json",
        description = "no name of a file")))]
pub async fn check(
    State(context): State<Arc<Context>>,
    body: Result<Json<ConfigCheckRequest>, JsonRejection>,
) -> Result<Json<ConfigVerdict>, Problem> {
    let Json(ConfigCheckRequest { files: edited }) = body?;
    let mut files = read(&context).await?;
    for EditedText { name: given, text } in edited {
        let is_name = Path::new(&given).extension().is_some_and(|kind| kind == "toml") && !given.contains(['/', '\\']);
        if !is_name {
            return Err(Problem::new(StatusCode::BAD_REQUEST, format!("{given:?} is no name of a file of the configuration")));
        }
        match files.iter_mut().find(|file| name(file) == given) {
            Some(file) => file.text = secrets::restored(&text, &file.text),
            None => files.push(SourceFile { path: context.api.folder.path.join(&given).display().to_string(), text }),
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let folder = context.api.folder.clone();
    let outcome = tokio::task::spawn_blocking(move || folder.examine(&files)).await;
    let outcome = outcome.map_err(|_| Problem::overloaded("the check was broken off"))?;
    let places = |errors: Vec<crate::config::ConfigError>| errors.into_iter().map(ConfigError::from).collect();
    let warnings = places(outcome.warnings);
    Ok(Json(match outcome.config {
        Ok(config) => ConfigVerdict { errors: Vec::new(), warnings, changes: changes(&context.api.config.get(), &config) },
        Err(errors) => ConfigVerdict { errors: places(errors), warnings, changes: Vec::new() },
    }))
}

async fn read(context: &Context) -> Result<Vec<SourceFile>, Problem> {
    let folder = context.api.folder.clone();
    let read = tokio::task::spawn_blocking(move || folder.texts()).await;
    let unreadable = |error: FolderError| Problem::overloaded(error.to_string());
    read.map_err(|_| Problem::overloaded("reading was broken off"))?.map_err(unreadable)
}

fn name(file: &SourceFile) -> String {
    Path::new(&file.path).file_name().map_or_else(|| file.path.clone(), |name| name.to_string_lossy().into_owned())
}
