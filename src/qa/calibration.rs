//! Several people score one call: where they differ, item by item, and how far each is from the one whose score is the measure.

use super::scoring::{Given, score};
use crate::base::scorecard::Scorecard;

/// What one of them gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opinion {
    pub who: String,
    pub answers: Vec<(String, Given)>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Differences {
    pub items: Vec<ItemDifference>,
    pub scorers: Vec<Scorer>,
    /// Greatest less least score, per mille; `None` with fewer than two.
    pub spread: Option<u32>,
}

/// One item, in the card's order.
#[derive(Clone, PartialEq, Debug)]
pub struct ItemDifference {
    pub item: String,
    /// Who gave what, in order of the opinions.
    pub given: Vec<(String, Given)>,
    /// Pairs of scorers, and those of them who gave the same.
    pub pairs: u32,
    pub same: u32,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Scorer {
    pub who: String,
    pub per_mille: Option<u32>,
    pub passed: bool,
    /// His score less the reference's, per mille.
    pub distance: Option<i64>,
    /// Items that both answered, and those to which he gave what the reference gave.
    pub compared: u32,
    pub agreed: u32,
}

/// Compares all with each other, and each with the opinion of `reference`, as far as there is one.
#[must_use]
pub fn differences(card: &Scorecard, reference: &str, opinions: &[Opinion]) -> Differences {
    let of = |opinion: &Opinion, item: &str| opinion.answers.iter().find(|(id, _)| id == item).map(|(_, given)| *given);
    let measure = opinions.iter().find(|opinion| opinion.who == reference);
    let items = card.items().map(|item| {
        let given: Vec<(String, Given)> =
            opinions.iter().filter_map(|opinion| Some((opinion.who.clone(), of(opinion, &item.id)?))).collect();
        let (mut pairs, mut same) = (0, 0);
        for (index, (_, one)) in given.iter().enumerate() {
            for (_, other) in &given[index + 1..] {
                pairs += 1;
                same += u32::from(one == other);
            }
        }
        ItemDifference { item: item.id.clone(), given, pairs, same }
    });
    let measured = measure.and_then(|opinion| score(card, &opinion.answers).per_mille);
    let scorers: Vec<Scorer> = opinions
        .iter()
        .map(|opinion| {
            let scored = score(card, &opinion.answers);
            let both = card.items().filter_map(|item| Some((of(opinion, &item.id)?, of(measure?, &item.id)?)));
            let both: Vec<(Given, Given)> = both.collect();
            Scorer {
                who: opinion.who.clone(),
                per_mille: scored.per_mille,
                passed: scored.passed,
                distance: scored.per_mille.zip(measured).map(|(his, measured)| i64::from(his) - i64::from(measured)),
                compared: count(both.len()),
                agreed: count(both.iter().filter(|(his, its)| his == its).count()),
            }
        })
        .collect();
    let scores: Vec<u32> = scorers.iter().filter_map(|scorer| scorer.per_mille).collect();
    let spread = (scores.len() > 1).then(|| scores.iter().max().zip(scores.iter().min()).map_or(0, |(most, least)| most - least));
    Differences { items: items.collect(), scorers, spread }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qa::tests::{answers, card};
    use Given::{No, NotApplicable, Points, Yes};

    #[test]
    fn where_three_differ_and_how_far_each_is_from_the_measure() {
        let opinion = |who: &str, given: [Given; 5]| Opinion { who: who.to_owned(), answers: answers(&given) };
        let opinions = [
            // 10 + 30 × 2/3 + 20 of 60 + 0: 50 of 60.
            opinion("li-qa", [Yes, Points(2), Yes, NotApplicable, Yes]),
            // All of 100.
            opinion("zhao-qa", [Yes, Points(3), Yes, Yes, Yes]),
            // The fatal one: nought.
            opinion("sun-qa", [Yes, Points(2), Yes, NotApplicable, No]),
        ];
        let found = differences(&card(), "li-qa", &opinions);
        let scorers: Vec<_> = found.scorers.iter().map(|one| (one.per_mille, one.passed, one.distance, one.compared, one.agreed)).collect();
        assert_eq!(scorers, [(Some(833), false, Some(0), 5, 5), (Some(1_000), true, Some(167), 5, 3), (Some(0), false, Some(-833), 5, 4),]);
        let items: Vec<_> = found.items.iter().map(|item| (item.item.as_str(), item.pairs, item.same)).collect();
        assert_eq!(items, [("rings", 3, 3), ("right", 3, 1), ("polite", 3, 3), ("hold", 3, 1), ("respect", 3, 1)]);
        assert_eq!(found.items[1].given[1], ("zhao-qa".to_owned(), Points(3)));
        assert_eq!(found.spread, Some(1_000));
    }

    #[test]
    fn without_the_measure_s_score_nobody_is_far_from_it() {
        let one = [Opinion { who: "li-qa".to_owned(), answers: answers(&[Yes, Points(3), Yes, Yes, Yes]) }];
        let found = differences(&card(), "wang", &one);
        assert_eq!((found.spread, found.scorers[0].distance, found.scorers[0].compared), (None, None, 0));
        assert_eq!(differences(&card(), "wang", &[]).items.iter().map(|item| item.pairs).sum::<u32>(), 0);
    }
}
