//! Who may what: the rights, and the one table that gives them to roles.

use super::UserRole;
use serde::{Serialize, Serializer};

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
    Pause,
    Supervise,
    Configure,
    Health,
    Audit,
    Hold,
}

impl Right {
    pub const ALL: [Self; 16] = [
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
        Self::Pause,
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
            Self::Pause => "pause",
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
            Self::Pause => ("pause a running call's recording for card data", "为银行卡信息暂停正在进行的通话的录音"),
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
        UserRole::Agent => &[See, Hear, Results, Appeal, Pause],
        UserRole::Supervisor => &[See, Hear, Export, Note, Results, Score, Coach, Pause, Supervise, Hold],
        UserRole::Qa => &[See, Hear, Download, Note, Results, Score, Plan, Coach, Hold],
        UserRole::Operator => &[See, Configure, Health, Audit],
        UserRole::Admin => &Right::ALL,
    }
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
