//! Who may what over HTTP: the routes that ask for rights, whose calls somebody sees, and the table of rights for people. The rights
//! themselves are `config::rights`: who is on the phone has them too.
//!
//! What lives here: decisions about roles. What must not: how somebody proves who he is (`auth`, `session`).

use super::Context;
use super::auth::Asker;
use super::problem::Problem;
use crate::base::AgentId;
use crate::config::UserRole;
pub use crate::config::{Right, rights};
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use std::sync::Arc;

/// Whose calls and results somebody sees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    Everybody,
    /// This agent's alone.
    Own(AgentId),
}

/// Methods of a path that ask for a right: the only thing that [`Routes`] take, so that no route can be without.
pub(super) struct Guarded(MethodRouter<Arc<Context>>);

/// Who has not the right gets 403, before anything of the request is looked at.
pub(super) fn needs(right: Right, methods: MethodRouter<Arc<Context>>) -> Guarded {
    Guarded(methods.route_layer(from_fn(move |request, next| permit(right, request, next))))
}

impl Guarded {
    /// Another method of the same path, with a right of its own.
    pub fn merge(self, other: Self) -> Self {
        Self(self.0.merge(other.0))
    }
}

/// Paths under `/api/v1`, each with its rights.
pub(super) struct Routes(Router<Arc<Context>>);

impl Routes {
    pub fn new() -> Self {
        Self(Router::new())
    }

    pub fn route(self, path: &str, guarded: Guarded) -> Self {
        Self(self.0.route(path, guarded.0))
    }

    pub fn into_router(self) -> Router<Arc<Context>> {
        self.0
    }
}

async fn permit(right: Right, request: Request, next: Next) -> Response {
    match request.extensions().get::<Asker>().map(|asker| asker.require(right)) {
        Some(Ok(())) => next.run(request).await,
        Some(Err(problem)) => problem.into_response(),
        // The gate lets nobody through whom it does not know.
        None => Problem::new(StatusCode::UNAUTHORIZED, "sign in first").into_response(),
    }
}

/// `docs/roles.md`: the table, for people.
#[must_use]
pub fn markdown() -> String {
    page(
        "# Who may what\n\nMade from the code (`src/config/rights.rs`); `SANLING_WRITE_FIXTURES=1 cargo test --test docs` writes it anew.\n\n\
         An agent sees and hears his own calls and results alone: those in which he had a part. Whole telephone numbers are shown to the \
         roles of `access.numbers`, supervisor and admin when it is not given; others see `138****5678`, and an agent the whole number of \
         the call that he is in. The bearer of the administrator's token has all rights; the audit log calls him `token`.",
        "right",
        "lets him",
        |(english, _)| english,
    )
}

/// `docs/roles.zh-CN.md`.
#[must_use]
pub fn markdown_in_chinese() -> String {
    page(
        "# 谁可以做什么\n\n由代码生成（`src/config/rights.rs`）；`SANLING_WRITE_FIXTURES=1 cargo test --test docs` 重新写出。\n\n\
         坐席只看、只听自己的通话和成绩，即他参与过的通话。完整电话号码只给 `access.numbers` 所列的角色看，未给出时为班长和管理员；其他人看到 \
         `138****5678`，坐席在自己的通话中看到完整号码。持管理员令牌者拥有全部权限，审计日志中记作 `token`。",
        "权限",
        "可以",
        |(_, chinese)| chinese,
    )
}

fn page(preface: &str, right: &str, lets: &str, meaning: fn((&'static str, &'static str)) -> &'static str) -> String {
    let roles: Vec<&str> = UserRole::ALL.iter().map(|role| role.name()).collect();
    let mut out = format!("{preface}\n\n| {right} | {} | {lets} |\n| --- |{} --- |\n", roles.join(" | "), " :-: |".repeat(roles.len()));
    for right in Right::ALL {
        let has = UserRole::ALL.map(|role| if rights(role).contains(&right) { "✓" } else { "" }).join(" | ");
        out.push_str(&format!("| `{}` | {has} | {} |\n", right.name(), meaning(right.meaning())));
    }
    out
}
