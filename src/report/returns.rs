//! Who called again: whether a matter was settled shows in the days after.

use super::tally::between;
use crate::base::Timestamp;
use std::collections::HashMap;

/// The last call of each caller that is over, with the row that it counts in. Calls must come in order of arrival. Bounded by the calls of
/// the report.
#[derive(Debug)]
pub(super) struct Returns<Row> {
    open: HashMap<String, (Timestamp, Row)>,
}

impl<Row> Default for Returns<Row> {
    fn default() -> Self {
        Self { open: HashMap::new() }
    }
}

impl<Row> Returns<Row> {
    /// A caller is there, at that moment: the row of his last call, if it was over no longer ago than `within` ms.
    pub fn arrived(&mut self, caller: &str, at: Timestamp, within: u64) -> Option<Row> {
        self.open.remove(caller).filter(|(over, _)| between(*over, at) <= within).map(|(_, row)| row)
    }

    /// His call was over then, and counts in this row.
    pub fn over(&mut self, caller: &str, at: Timestamp, row: Row) {
        self.open.insert(caller.to_owned(), (at, row));
    }
}
