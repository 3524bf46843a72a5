//! The description of the API, made from the handlers themselves. `tests/api/openapi.json` keeps a copy, so that drift is a diff.

use super::{
    admin, agents, blocked, call_backs, calls, config, copies, health, hold, house, messages, notes, parties, peaks, problem, qa,
    recording, recording_pause, reports, script, sign_in, sip, status, stream, trunks,
};
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Sanling", description = "The switch's API. Errors are RFC 9457 problem documents; lists are {items, next}, newest first.",
        license(name = "Apache-2.0")),
    paths(
        calls::list, calls::one, calls::timeline, calls::decisions, sip::list, peaks::fetch, notes::list, notes::add, notes::change, notes::remove, notes::searches, notes::keep_search, notes::drop_search, recording::fetch, recording_pause::pause, recording_pause::resume, hold::put, hold::delete, script::begin, script::end, copies::begin, copies::end, parties::command, agents::list, agents::set_state,
        agents::queues, reports::queues, reports::agents, reports::teams, reports::scripts, reports::intervals,
        reports::timeline, stream::events, config::texts, config::check, admin::reload, admin::audit, blocked::list, blocked::release,
        qa::scorecards, qa::form, qa::tasks, qa::plans, qa::scorers, qa::of_a_call, qa::list_scores, qa::give, qa::one_score, qa::change, qa::make_appeal,
        qa::answer_appeal, qa::appeals, qa::calibrations, qa::begin_calibration, qa::calibration, qa::all_results, qa::coach, qa::coachings,
        sign_in::open, sign_in::show, sign_in::close, messages::list, messages::audio, messages::heard, call_backs::list, call_backs::call, call_backs::drop, trunks::list, house::show, status::show, openapi, health::healthz, health::metrics
    ),
    components(schemas(problem::Problem)),
    security(("token" = []), ("session" = [])),
    modifiers(&Bearer, &Names)
)]
struct Description;

/// The token, the session, and the answers that every guarded path gives who has neither, or not the right.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        if let Some(components) = &mut description.components {
            components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
            components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(super::auth::COOKIE))));
        }
        let guarded = description.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/api/") && *path != "/api/v1/session");
        for (_, item) in guarded {
            for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten() {
                let problem = Content::new(Some(Ref::from_schema_name("Problem")));
                let refusals =
                    [("401", "neither a token nor a session, or a wrong one"), ("403", "the role has not the right that `right` names")];
                for (status, description) in refusals {
                    let response = ResponseBuilder::new().description(description).content("application/problem+json", problem.clone());
                    operation.responses.responses.insert(status.into(), RefOr::T(response.build()));
                }
            }
        }
    }
}

/// Each operation's name, by its method and its path, so that no two have the same: `get_calls`, `post_agents_by_id_state`.
struct Names;

impl Modify for Names {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut description.paths.paths {
            let path = path.trim_start_matches("/api/v1");
            let words = path.split('/').filter(|part| !part.is_empty()).map(|part| match part.strip_prefix('{') {
                Some(variable) => format!("by_{}", variable.trim_end_matches('}')),
                None => part.replace(['-', '.'], "_"),
            });
            let path = words.collect::<Vec<_>>().join("_");
            let methods = [("get", &mut item.get), ("post", &mut item.post), ("put", &mut item.put), ("delete", &mut item.delete)];
            for (method, operation) in methods {
                if let Some(operation) = operation {
                    operation.operation_id = Some(format!("{method}_{path}"));
                }
            }
        }
    }
}

/// The document as text.
#[must_use]
pub fn document() -> String {
    Description::openapi().to_pretty_json().expect("a description becomes JSON")
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "operation", responses((status = 200, content_type = "application/json", body = Object)))]
pub async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document())
}
