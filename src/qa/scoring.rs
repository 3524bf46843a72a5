//! From answers to a score. What does not apply is left out, and the weights of the rest make up the whole; a fatal item that is lost costs
//! all. The same answers by the same card are the same score for ever.

use super::prefill::Prefilled;
use crate::base::scorecard::{Item, ItemKind, Scorecard};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An answer to an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Given {
    Yes,
    No,
    Points(u32),
    NotApplicable,
}

/// What is wrong with answers. The item is its id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AnswerError {
    /// The card has no such item.
    Unknown(String),
    Twice(String),
    Missing(String),
    /// A yes where points are asked for, or the other way about.
    WrongKind(String),
    /// More points than there are.
    TooMany(String, u32),
    /// It applies to every call.
    Applies(String),
}

impl std::fmt::Display for AnswerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(item) => write!(f, "the scorecard has no item \"{item}\""),
            Self::Twice(item) => write!(f, "\"{item}\" is answered twice"),
            Self::Missing(item) => write!(f, "\"{item}\" is not answered"),
            Self::WrongKind(item) => write!(f, "\"{item}\" is answered with yes, no or points, as the scorecard has it"),
            Self::TooMany(item, most) => write!(f, "\"{item}\" has {most} points at most"),
            Self::Applies(item) => write!(f, "\"{item}\" applies to every call"),
        }
    }
}

/// A score.
#[derive(Clone, PartialEq, Debug)]
pub struct Scored {
    /// Per mille of the weight that applied, rounded; `None`: nothing applied.
    pub per_mille: Option<u32>,
    pub passed: bool,
    /// Fatal items that were lost, in the card's order.
    pub fatal: Vec<String>,
    /// Each item that applied, in the card's order.
    pub items: Vec<ItemScore>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ItemScore {
    pub item: String,
    pub weight: u32,
    /// What of it was won, 0 to 1.
    pub won: f64,
}

impl Scored {
    /// Percent, with one decimal.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        self.per_mille.map(|per_mille| f64::from(per_mille) / 10.0)
    }
}

/// Whether each item is answered once, and each answer is one of its kind. Who cannot say is told so where the card allows it, or where the
/// switch itself found that the item does not apply.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(card: &Scorecard, answers: &[(String, Given)], prefilled: &[Prefilled]) -> Result<(), AnswerError> {
    let mut seen = BTreeMap::new();
    for (id, given) in answers {
        let item = card.item(id).ok_or_else(|| AnswerError::Unknown(id.clone()))?;
        if seen.insert(id, given).is_some() {
            return Err(AnswerError::Twice(id.clone()));
        }
        fits(item, *given, prefilled)?;
    }
    match card.items().find(|item| !seen.contains_key(&item.id)) {
        Some(item) => Err(AnswerError::Missing(item.id.clone())),
        None => Ok(()),
    }
}

fn fits(item: &Item, given: Given, prefilled: &[Prefilled]) -> Result<(), AnswerError> {
    let found_so = || prefilled.iter().any(|known| known.item == item.id && known.given == Given::NotApplicable);
    match (given, item.kind) {
        (Given::NotApplicable, _) if item.not_applicable || found_so() => Ok(()),
        (Given::NotApplicable, _) => Err(AnswerError::Applies(item.id.clone())),
        (Given::Yes | Given::No, ItemKind::YesNo) => Ok(()),
        (Given::Points(points), ItemKind::Points(most)) if points <= most => Ok(()),
        (Given::Points(_), ItemKind::Points(most)) => Err(AnswerError::TooMany(item.id.clone(), most)),
        (Given::Yes | Given::No, ItemKind::Points(_)) | (Given::Points(_), ItemKind::YesNo) => Err(AnswerError::WrongKind(item.id.clone())),
    }
}

/// The score of answers; what is not answered is left out.
#[must_use]
pub fn score(card: &Scorecard, answers: &[(String, Given)]) -> Scored {
    let given = |item: &Item| answers.iter().find(|(id, _)| *id == item.id).map(|(_, given)| *given);
    let mut items = Vec::new();
    let mut fatal = Vec::new();
    for item in card.items() {
        let Some(won) = given(item).and_then(|given| won(item.kind, given)) else { continue };
        if item.fatal && won == 0.0 {
            fatal.push(item.id.clone());
        }
        items.push(ItemScore { item: item.id.clone(), weight: item.weight, won });
    }
    let whole: u32 = items.iter().map(|item| item.weight).sum();
    let sum: f64 = items.iter().map(|item| f64::from(item.weight) * item.won).sum();
    let share = (whole > 0).then(|| sum / f64::from(whole));
    let per_mille = if fatal.is_empty() { share.map(rounded) } else { Some(0) };
    let passed = fatal.is_empty() && per_mille.is_some_and(|per_mille| per_mille >= card.pass * 10);
    Scored { per_mille, passed, fatal, items }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share from 0 to 1")]
fn rounded(share: f64) -> u32 {
    // What is a half but for the last bit of a sum of shares is a half.
    (share.clamp(0.0, 1.0) * 1_000.0 + 1e-6).round() as u32
}

/// What of an item was won; `None` of one that does not apply.
fn won(kind: ItemKind, given: Given) -> Option<f64> {
    match (given, kind) {
        (Given::NotApplicable, _) | (Given::Points(_), ItemKind::Points(0)) => None,
        (Given::Yes, _) => Some(1.0),
        (Given::No, _) => Some(0.0),
        (Given::Points(points), ItemKind::Points(most)) => Some(f64::from(points.min(most)) / f64::from(most)),
        (Given::Points(points), ItemKind::YesNo) => Some(if points > 0 { 1.0 } else { 0.0 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qa::prefill::{Prefilled, Reason};
    use crate::qa::tests::{answers, card};
    use Given::{No, NotApplicable, Points, Yes};

    #[test]
    fn a_score_is_the_share_of_the_weight_that_applied() {
        // Weights: rings 10, right 30 (3 points), polite 20, hold 40, respect 0 and fatal; passed from 85 on.
        for (given, expected) in [
            ([Yes, Points(3), Yes, Yes, Yes], (Some(1_000), true)),
            // 10 + 30 + 20 + 0 of 100.
            ([Yes, Points(3), Yes, No, Yes], (Some(600), false)),
            // 10 + 20 + 20 + 40 = 90 of 100.
            ([Yes, Points(2), Yes, Yes, Yes], (Some(900), true)),
            // Left out: 10 + 20 + 20 of 60.
            ([Yes, Points(2), Yes, NotApplicable, Yes], (Some(833), false)),
            // 10 + 30 + 0 + 40 of 100: short of 85.
            ([Yes, Points(3), No, Yes, Yes], (Some(800), false)),
            // Nothing helps against the fatal one.
            ([Yes, Points(3), Yes, Yes, No], (Some(0), false)),
            // 0 of 60.
            ([No, Points(0), No, NotApplicable, Yes], (Some(0), false)),
            ([NotApplicable; 5], (None, false)),
        ] {
            let scored = score(&card(), &answers(&given));
            assert_eq!((scored.per_mille, scored.passed), expected, "{given:?}");
        }
        let fatal = score(&card(), &answers(&[Yes, Points(3), Yes, Yes, No]));
        assert_eq!((fatal.fatal, fatal.per_mille.map(f64::from)), (vec!["respect".to_owned()], Some(0.0)));
        assert_eq!(score(&card(), &answers(&[Yes, Points(2), Yes, NotApplicable, Yes])).percent(), Some(83.3));
    }

    #[test]
    fn the_pass_mark_is_met_by_what_is_shown() {
        let mut card = card();
        card.pass = 60;
        assert!(score(&card, &answers(&[Yes, Points(3), Yes, No, Yes])).passed);
        card.pass = 61;
        assert!(!score(&card, &answers(&[Yes, Points(3), Yes, No, Yes])).passed);
    }

    #[test]
    fn answers_are_whole_and_of_their_kind() {
        let good = answers(&[Yes, Points(3), Yes, NotApplicable, Yes]);
        assert_eq!(check(&card(), &good, &[]), Ok(()));
        let with = |item: &str, given: Given| {
            let change = |(id, was): &(String, Given)| (id.clone(), if id == item { given } else { *was });
            check(&card(), &good.iter().map(change).collect::<Vec<_>>(), &[])
        };
        assert_eq!(with("right", Points(4)), Err(AnswerError::TooMany("right".into(), 3)));
        assert_eq!(with("right", Yes), Err(AnswerError::WrongKind("right".into())));
        assert_eq!(with("rings", Points(1)), Err(AnswerError::WrongKind("rings".into())));
        assert_eq!(with("rings", NotApplicable), Err(AnswerError::Applies("rings".into())));
        assert_eq!(check(&card(), &good[1..], &[]), Err(AnswerError::Missing("rings".into())));
        assert_eq!(check(&card(), &[&good[..], &good[..1]].concat(), &[]), Err(AnswerError::Twice("rings".into())));
        assert_eq!(check(&card(), &[("tone".to_owned(), Yes)], &[]), Err(AnswerError::Unknown("tone".into())));
        // What the switch found not to apply may be left out, whatever the card says.
        let reason = Reason { code: "no-offer", values: Vec::new(), word: None, at: None };
        let found = [Prefilled { item: "rings".into(), given: NotApplicable, reason }];
        assert_eq!(check(&card(), &answers(&[NotApplicable, Points(3), Yes, NotApplicable, Yes]), &found), Ok(()));
    }

    #[test]
    fn each_error_names_its_item() {
        let errors = [
            AnswerError::Unknown("x".into()),
            AnswerError::Twice("x".into()),
            AnswerError::Missing("x".into()),
            AnswerError::WrongKind("x".into()),
            AnswerError::TooMany("x".into(), 3),
            AnswerError::Applies("x".into()),
        ];
        assert!(errors.iter().all(|error| error.to_string().contains("\"x\"")));
    }
}
