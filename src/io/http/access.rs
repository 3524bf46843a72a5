//! Who may what: the rights, the one table that gives them to roles, and the routes that ask for them.
//!
//! What lives here: decisions about roles. What must not: how somebody proves who he is (`auth`, `session`).

use super::Context;
use super::auth::Asker;
use super::problem::Problem;
use crate::base::AgentId;
use crate::config::UserRole;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// What somebody may be let do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Right {
    See,
    Hear,
    Download,
    Export,
    Note,
    Results,
    Score,
    Plan,
    Coach,
    Appeal,
    Supervise,
    Configure,
    Health,
    Audit,
    Hold,
}

impl Right {
    pub const ALL: [Self; 15] = [
        Self::See,
        Self::Hear,
        Self::Download,
        Self::Export,
        Self::Note,
        Self::Results,
        Self::Score,
        Self::Plan,
        Self::Coach,
        Self::Appeal,
        Self::Supervise,
        Self::Configure,
        Self::Health,
        Self::Audit,
        Self::Hold,
    ];

    /// As answers of the API have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::Hear => "hear",
            Self::Download => "download",
            Self::Export => "export",
            Self::Note => "note",
            Self::Results => "results",
            Self::Score => "score",
            Self::Plan => "plan",
            Self::Coach => "coach",
            Self::Appeal => "appeal",
            Self::Supervise => "supervise",
            Self::Configure => "configure",
            Self::Health => "health",
            Self::Audit => "audit",
            Self::Hold => "hold",
        }
    }

    /// What it lets do, for people: in English and in Chinese.
    #[must_use]
    pub const fn meaning(self) -> (&'static str, &'static str) {
        match self {
            Self::See => ("calls, agents, queues, events, messages, reports", "查看通话、坐席、队列、事件、留言、报表"),
            Self::Hear => ("play recordings and messages", "收听录音和留言"),
            Self::Download => ("download recordings", "下载录音"),
            Self::Export => ("calls and reports as CSV", "把通话和报表导出为 CSV"),
            Self::Note => ("notes and marks on calls, saved searches", "在通话上写备注、做标记，保存搜索"),
            Self::Results => ("scorecards, scores, results, appeals, coaching notes", "查看评分表、评分、成绩、申诉、辅导记录"),
            Self::Score => ("score calls, answer appeals", "给通话评分，答复申诉"),
            Self::Plan => ("sampling and calibration", "抽样计划和评分校准"),
            Self::Coach => ("coaching notes", "辅导记录"),
            Self::Appeal => ("appeal against a score", "对评分申诉"),
            Self::Supervise => (
                "listen in, whisper, barge in, take over, scripts, agents' states, call-backs",
                "监听、耳语、强插、接管、脚本、坐席状态、回呼",
            ),
            Self::Configure => ("the configuration as loaded, check, reload; unblock a source", "查看、校验、重载配置；解除封锁"),
            Self::Health => ("trunks, registrations, blocked sources, disk", "中继、注册、被封锁的来源、磁盘"),
            Self::Audit => ("the audit log", "审计日志"),
            Self::Hold => ("legal hold on recordings", "录音的法律保全"),
        }
    }
}

/// By its name.
impl Serialize for Right {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The one table. A right that is not in a role's line is not his.
#[must_use]
pub const fn rights(role: UserRole) -> &'static [Right] {
    use Right::*;
    match role {
        // His own calls and results alone: see `Scope`.
        UserRole::Agent => &[See, Hear, Results, Appeal],
        UserRole::Supervisor => &[See, Hear, Export, Note, Results, Score, Coach, Supervise, Hold],
        UserRole::Qa => &[See, Hear, Download, Note, Results, Score, Plan, Coach, Hold],
        UserRole::Operator => &[See, Configure, Health, Audit],
        UserRole::Admin => &Right::ALL,
    }
}

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
        "# Who may what\n\nMade from the code (`src/io/http/access.rs`); `SANLING_WRITE_FIXTURES=1 cargo test --test docs` writes it anew.\n\n\
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
        "# 谁可以做什么\n\n由代码生成（`src/io/http/access.rs`）；`SANLING_WRITE_FIXTURES=1 cargo test --test docs` 重新写出。\n\n\
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_right_is_somebodys_besides_the_administrators_and_nobody_has_one_twice() {
        for right in Right::ALL {
            assert!(UserRole::ALL.iter().filter(|role| rights(**role).contains(&right)).count() > 1, "{right:?}");
        }
        for role in UserRole::ALL {
            let mut sorted = rights(role).to_vec();
            sorted.dedup();
            assert!(rights(role).is_sorted() && sorted.len() == rights(role).len(), "{role}");
        }
    }
}
