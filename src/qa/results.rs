//! What scores add up to: by agent, by team, by item. Each row has the counts beside the means.

use super::scoring::Given;
use std::collections::BTreeMap;

/// A score, as far as it counts.
#[derive(Clone, PartialEq, Debug)]
pub struct Fact {
    pub agent: String,
    pub team: Option<String>,
    /// `None`: nothing applied to the call.
    pub per_mille: Option<u32>,
    pub passed: bool,
    pub fatal: bool,
    pub items: Vec<ItemFact>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ItemFact {
    pub item: String,
    pub weight: u32,
    /// 0 to 1; `None`: it did not apply.
    pub won: Option<f64>,
    pub fatal: bool,
    /// What the switch had found, and what stands.
    pub prefilled: Option<Given>,
    pub given: Given,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    Agent,
    Team,
    Item,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Row {
    /// Agent, team (empty: those of none) or item.
    pub key: String,
    /// Scores; of an item, those to which it applied.
    pub n: u32,
    /// Percent, over `n`; `None` of none.
    pub mean: Option<f64>,
    /// Of `n`: passed; of an item, won whole.
    pub passed: u32,
    /// Of `n`: with a fatal item lost; of an item, lost and fatal.
    pub fatal: u32,
    /// Of an item: scores to which it did not apply, and those in which what the switch had found was changed.
    pub not_applicable: u32,
    pub overruled: u32,
    /// Items by the weight that was lost by them, greatest first.
    pub lost: Vec<Lost>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Lost {
    pub item: String,
    /// Scores in which something of it was lost.
    pub n: u32,
    /// Sum of the weight lost.
    pub weight: f64,
}

/// Items of a row at most.
const LOST_MAX: usize = 5;

/// Rows in order of their keys.
#[must_use]
pub fn results(by: By, facts: &[Fact]) -> Vec<Row> {
    if by == By::Item {
        return of_items(facts);
    }
    let mut rows: BTreeMap<&str, Vec<&Fact>> = BTreeMap::new();
    for fact in facts {
        let key = if by == By::Agent { fact.agent.as_str() } else { fact.team.as_deref().unwrap_or("") };
        rows.entry(key).or_default().push(fact);
    }
    rows.into_iter().map(|(key, facts)| of_scores(key, &facts)).collect()
}

fn of_scores(key: &str, facts: &[&Fact]) -> Row {
    let counted: Vec<&&Fact> = facts.iter().filter(|fact| fact.per_mille.is_some()).collect();
    let sum: f64 = counted.iter().filter_map(|fact| fact.per_mille).map(f64::from).sum();
    let n = count(counted.len());
    let mut lost: BTreeMap<&str, (u32, f64)> = BTreeMap::new();
    for item in counted.iter().flat_map(|fact| &fact.items) {
        let Some(missing) = item.won.map(|won| 1.0 - won).filter(|missing| *missing > 0.0) else { continue };
        let entry = lost.entry(&item.item).or_default();
        entry.0 += 1;
        entry.1 += missing * f64::from(item.weight);
    }
    let mut lost: Vec<Lost> = lost.into_iter().map(|(item, (n, weight))| Lost { item: item.to_owned(), n, weight }).collect();
    lost.sort_by(|one, other| other.weight.total_cmp(&one.weight).then(other.n.cmp(&one.n)).then_with(|| one.item.cmp(&other.item)));
    lost.truncate(LOST_MAX);
    Row {
        key: key.to_owned(),
        n,
        mean: mean(sum / 10.0, n),
        passed: count(counted.iter().filter(|fact| fact.passed).count()),
        fatal: count(counted.iter().filter(|fact| fact.fatal).count()),
        lost,
        ..Row::default()
    }
}

fn of_items(facts: &[Fact]) -> Vec<Row> {
    let mut rows: BTreeMap<&str, (Row, f64)> = BTreeMap::new();
    for item in facts.iter().flat_map(|fact| &fact.items) {
        let (row, sum) = rows.entry(&item.item).or_default();
        row.overruled += u32::from(item.prefilled.is_some_and(|found| found != item.given));
        let Some(won) = item.won else {
            row.not_applicable += 1;
            continue;
        };
        *sum += won * 100.0;
        row.n += 1;
        row.passed += u32::from(won >= 1.0);
        row.fatal += u32::from(item.fatal && won <= 0.0);
    }
    rows.into_iter().map(|(key, (row, sum))| Row { key: key.to_owned(), mean: mean(sum, row.n), ..row }).collect()
}

fn mean(sum: f64, n: u32) -> Option<f64> {
    (n > 0).then(|| (sum / f64::from(n) * 10.0).round() / 10.0)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Given::{No, NotApplicable, Points, Yes};

    fn item(item: &str, weight: u32, won: Option<f64>, given: Given) -> ItemFact {
        ItemFact { item: item.into(), weight, won, fatal: false, prefilled: None, given }
    }

    fn fact(agent: &str, team: Option<&str>, per_mille: Option<u32>, items: Vec<ItemFact>) -> Fact {
        let passed = per_mille.is_some_and(|score| score >= 850);
        Fact { agent: agent.into(), team: team.map(str::to_owned), per_mille, passed, fatal: per_mille == Some(0), items }
    }

    /// Four scores, told in the lines.
    fn facts() -> Vec<Fact> {
        let found = |given| ItemFact { prefilled: Some(Yes), ..item("rings", 10, Some(if given == Yes { 1.0 } else { 0.0 }), given) };
        vec![
            fact("1001", Some("service"), Some(1_000), vec![found(Yes), item("right", 30, Some(1.0), Points(3))]),
            // Ten lost by the rings, which the switch had found in order; ten by what was answered.
            fact("1001", Some("service"), Some(755), vec![found(No), item("right", 30, Some(2.0 / 3.0), Points(2))]),
            fact("1002", Some("service"), Some(0), vec![ItemFact { fatal: true, ..item("right", 30, Some(0.0), Points(0)) }]),
            // Nothing applied.
            fact("1003", None, None, vec![item("right", 30, None, NotApplicable)]),
        ]
    }

    #[test]
    fn agents_and_teams_by_hand() {
        let rows = results(By::Agent, &facts());
        let of = |row: &Row| (row.key.clone(), row.n, row.mean, row.passed, row.fatal);
        assert_eq!(
            rows.iter().map(of).collect::<Vec<_>>(),
            [
                // (1000 + 755) / 2 = 877.5
                ("1001".into(), 2, Some(87.8), 1, 0),
                ("1002".into(), 1, Some(0.0), 0, 1),
                ("1003".into(), 0, None, 0, 0),
            ]
        );
        let lost: Vec<_> = rows[0].lost.iter().map(|lost| (lost.item.as_str(), lost.n, lost.weight.round())).collect();
        assert_eq!(lost, [("right", 1, 10.0), ("rings", 1, 10.0)]);
        let teams = results(By::Team, &facts());
        // 1755 / 3 = 585
        assert_eq!(teams.iter().map(of).collect::<Vec<_>>(), [(String::new(), 0, None, 0, 0), ("service".into(), 3, Some(58.5), 1, 1)]);
        assert_eq!(teams[1].lost[0].item, "right", "40 of weight before 10");
    }

    #[test]
    fn items_by_hand() {
        let rows = results(By::Item, &facts());
        let of = |row: &Row| (row.key.clone(), row.n, row.mean, row.passed, row.fatal, row.not_applicable, row.overruled);
        assert_eq!(
            rows.iter().map(of).collect::<Vec<_>>(),
            [
                // (100 + 66.7 + 0) / 3
                ("right".into(), 3, Some(55.6), 1, 1, 1, 0),
                ("rings".into(), 2, Some(50.0), 1, 0, 0, 1),
            ]
        );
        assert_eq!(results(By::Item, &[]), []);
    }
}
