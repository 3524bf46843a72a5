//! How each kind of value is read from the document.

use super::super::document::{Node, Value};
use super::super::error::Faults;
use super::super::source::Spot;
use super::{FromNode, Key, Keys, Skills, Texts, Titles, joined, unknown_key, wrong_kind};
use std::collections::BTreeMap;

impl FromNode for Spot<String> {
    fn from_node(node: &Node, key: Key<'_>, faults: &mut Faults) -> Option<Self> {
        match &node.value {
            Value::Text(text) => Some(Self { value: text.clone(), place: node.place }),
            _ => wrong_kind(node, key, "a text in double quotes", faults),
        }
    }
}

impl FromNode for Spot<i64> {
    fn from_node(node: &Node, key: Key<'_>, faults: &mut Faults) -> Option<Self> {
        match &node.value {
            Value::Integer(number) => Some(Self { value: *number, place: node.place }),
            _ => wrong_kind(node, key, "a whole number", faults),
        }
    }
}

impl FromNode for Spot<f64> {
    fn from_node(node: &Node, key: Key<'_>, faults: &mut Faults) -> Option<Self> {
        match &node.value {
            Value::Integer(number) => Some(Self { value: *number as f64, place: node.place }),
            Value::Decimal(number) => Some(Self { value: *number, place: node.place }),
            _ => wrong_kind(node, key, "a number", faults),
        }
    }
}

impl FromNode for Spot<bool> {
    fn from_node(node: &Node, key: Key<'_>, faults: &mut Faults) -> Option<Self> {
        match &node.value {
            Value::Boolean(truth) => Some(Self { value: *truth, place: node.place }),
            _ => wrong_kind(node, key, "true or false", faults),
        }
    }
}

impl<T: FromNode> FromNode for Vec<T> {
    fn from_node(node: &Node, key: Key<'_>, faults: &mut Faults) -> Option<Self> {
        match &node.value {
            Value::List(list) => Some(list.iter().filter_map(|node| T::from_node(node, key, faults)).collect()),
            Value::Table(_) => wrong_kind(node, key, "a list of tables, each with two brackets on either side", faults),
            _ => wrong_kind(node, key, "a list in square brackets", faults),
        }
    }
}

impl FromNode for Texts {
    fn from_node(node: &Node, key: Key<'_>, faults: &mut Faults) -> Option<Self> {
        let texts = match &node.value {
            Value::List(_) => Vec::from_node(node, key, faults)?,
            _ => vec![Spot::from_node(node, key, faults)?],
        };
        Some(Self { place: node.place, texts })
    }
}

impl FromNode for Titles {
    fn from_node(node: &Node, key: Key<'_>, faults: &mut Faults) -> Option<Self> {
        let mut titles = Self { place: node.place, ..Self::default() };
        let Value::Table(table) = &node.value else {
            let text: Spot<String> = Spot::from_node(node, key, faults)?;
            return Some(Self { zh: Some(text.clone()), en: Some(text), ..titles });
        };
        for (language, entry) in table {
            let text = |faults: &mut Faults| Spot::from_node(&entry.node, Key { name: &joined(key.name, language), ..key }, faults);
            let (known, read) = match language.as_str() {
                "zh" => (true, &mut titles.zh),
                "en" => (true, &mut titles.en),
                _ => (false, &mut titles.zh),
            };
            if known {
                *read = text(faults);
                titles.is_wrong |= read.is_none();
            } else {
                unknown_key(entry.key, key.name, language, &["zh", "en"], faults);
                titles.is_wrong = true;
            }
        }
        Some(titles)
    }
}

impl FromNode for Keys {
    fn from_node(node: &Node, key: Key<'_>, faults: &mut Faults) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            return wrong_kind(node, key, "a table of keys and where they lead", faults);
        };
        let mut keys = Self::default();
        for (name, entry) in table {
            let key = Key { name: &joined(key.name, name), example: key.example };
            if let Some(to) = Texts::from_node(&entry.node, key, faults) {
                keys.keys.insert(name.clone(), (entry.key, to));
            }
        }
        Some(keys)
    }
}

impl FromNode for Skills {
    fn from_node(node: &Node, key: Key<'_>, faults: &mut Faults) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            return wrong_kind(node, key, "a table of skills and their levels", faults);
        };
        let mut skills = Self { place: node.place, levels: BTreeMap::new() };
        for (skill, entry) in table {
            let key = Key { name: &joined(key.name, skill), example: key.example };
            if let Some(level) = Spot::from_node(&entry.node, key, faults) {
                skills.levels.insert(skill.clone(), (entry.key, level));
            }
        }
        Some(skills)
    }
}
