//! From texts to one document: every file parsed by `toml` with the place of each key and value, tables of the same name joined
//! over all files, lists of tables put end to end, `--set` laid over the whole. What keys mean is not known here.

use super::error::Faults;
use super::source::{Place, SourceFile, Sources};
use crate::base::limits::{CONFIG_ERRORS_MAX, CONFIG_FILE_MAX};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    /// With a fraction.
    Decimal(f64),
    Boolean(bool),
    /// Dates, which no key takes; the name of the type for the error.
    Other(&'static str),
    List(Vec<Node>),
    Table(Table),
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub value: Value,
    pub place: Place,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Of the key.
    pub key: Place,
    pub node: Node,
}

pub(super) type Table = BTreeMap<String, Entry>;

const OVERRIDE_REMEDY: &str = "an override is KEY=VALUE with a TOML value, texts in double quotes: --set 'switch.name=\"sanling\"'";

/// The joined document, or `None` when a text is no TOML: then only its syntax can be spoken of.
pub(super) fn read(sources: &Sources, faults: &mut Faults) -> Option<Table> {
    let mut root = Table::new();
    let mut whole = true;
    for (index, file) in sources.iter() {
        if file.text.len() > CONFIG_FILE_MAX {
            faults.error(
                Place { file: index, start: 0, end: 0 },
                format!("the file is {} bytes long, more than {CONFIG_FILE_MAX}", file.text.len()),
                "split it: all *.toml files of the folder are read as one",
            );
            whole = false;
            continue;
        }
        let is_override = index >= sources.files;
        let Some(table) = parse(file, index, is_override, faults) else {
            whole = false;
            continue;
        };
        if is_override {
            if file.text.contains('\n') || table.len() != 1 {
                let place = Place { file: index, start: 0, end: file.text.len() };
                faults.error(place, "this is not one KEY=VALUE", OVERRIDE_REMEDY);
            }
            overlay(&mut root, table);
        } else {
            join(&mut root, table, "", faults);
        }
    }
    whole.then_some(root)
}

fn parse(file: &SourceFile, index: usize, is_override: bool, faults: &mut Faults) -> Option<Table> {
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    let mut whole = true;
    // More than these are not told, and each look for the first of two reads the text again.
    for error in errors.into_iter().take(CONFIG_ERRORS_MAX + 1) {
        let span = error.span().unwrap_or(0..0);
        let place = Place { file: index, start: span.start, end: span.end };
        if error.message() == "duplicate key" {
            let name = file.text.get(span.clone()).unwrap_or_default();
            let message = format!("`{name}` is given twice");
            let remedy = "keep one of the two; a table is opened once in a file";
            match first_of_two(&file.text, span) {
                Some(first) => {
                    let first = Place { file: index, start: first.start, end: first.end };
                    faults.error_also(place, message, ("first given", first), remedy);
                }
                None => faults.error(place, message, remedy),
            }
        } else {
            whole = false;
            let remedy =
                if is_override { OVERRIDE_REMEDY } else { "write KEY = VALUE, texts in double quotes, tables as [table] or [[list]]" };
            faults.error(place, format!("this is not TOML: {}", error.message()), remedy);
        }
    }
    whole.then(|| convert_table(table.get_ref(), index))
}

/// Where the key that stands again at `second` was given first. The parser keeps this to itself: the second is given a name of its
/// own, and the first is then found beside it.
fn first_of_two(text: &str, second: std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
    const STAND_IN: &str = "sanling-the-second-of-two";
    let quoted = text.get(second.clone())?;
    let named = format!("{quoted} = 1");
    let (name, _) = DeTable::parse_recoverable(&named);
    let name = name.get_ref().keys().next()?.get_ref().to_string();
    let renamed = format!("{}{STAND_IN}{}", text.get(..second.start)?, text.get(second.end..)?);
    let (table, _) = DeTable::parse_recoverable(&renamed);
    beside(table.get_ref(), STAND_IN, &name).filter(|first| first.end <= second.start)
}

fn beside(table: &DeTable<'_>, stand_in: &str, name: &str) -> Option<std::ops::Range<usize>> {
    if table.keys().any(|key| key.get_ref() == stand_in) {
        return table.keys().find(|key| key.get_ref() == name).map(Spanned::span);
    }
    table.values().find_map(|value| beside_value(value.get_ref(), stand_in, name))
}

fn beside_value(value: &DeValue<'_>, stand_in: &str, name: &str) -> Option<std::ops::Range<usize>> {
    match value {
        DeValue::Table(table) => beside(table, stand_in, name),
        DeValue::Array(list) => list.iter().find_map(|value| beside_value(value.get_ref(), stand_in, name)),
        _ => None,
    }
}

fn convert_table(table: &DeTable<'_>, file: usize) -> Table {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| Entry { key: place(key.span(), file), node: convert(value, file) };
    table.iter().map(|(key, value)| (key.get_ref().to_string(), entry((key, value)))).collect()
}

fn convert(value: &Spanned<DeValue<'_>>, file: usize) -> Node {
    let converted = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Other("a number too large"),
        },
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Float(number) => match number.as_str().replace('_', "").parse() {
            Ok(number) => Value::Decimal(number),
            Err(_) => Value::Other("a number that cannot be read"),
        },
        DeValue::Datetime(_) => Value::Other("a date or time"),
        DeValue::Array(list) => Value::List(list.iter().map(|node| convert(node, file)).collect()),
        DeValue::Table(table) => Value::Table(convert_table(table, file)),
    };
    Node { value: converted, place: place(value.span(), file) }
}

fn place(span: std::ops::Range<usize>, file: usize) -> Place {
    Place { file, start: span.start, end: span.end }
}

/// Adds a file's table to what earlier files gave. `path` ends in a dot unless it is empty.
fn join(into: &mut Table, from: Table, path: &str, faults: &mut Faults) {
    for (key, entry) in from {
        let slot = match into.entry(key) {
            Slot::Vacant(slot) => {
                slot.insert(entry);
                continue;
            }
            Slot::Occupied(slot) => slot,
        };
        let name = format!("{path}{}", slot.key());
        let first = slot.into_mut();
        match (&mut first.node.value, entry.node.value) {
            (Value::Table(first), Value::Table(second)) => join(first, second, &format!("{name}."), faults),
            (Value::List(first), Value::List(second)) if all_tables(first) && all_tables(&second) => first.extend(second),
            _ => faults.error_also(
                entry.key,
                format!("`{name}` is given twice"),
                ("first given", first.key),
                "keep one of the two: all *.toml files of the folder are read as one",
            ),
        }
    }
}

fn all_tables(list: &[Node]) -> bool {
    !list.is_empty() && list.iter().all(|node| matches!(node.value, Value::Table(_)))
}

/// Puts an override over the document: tables are entered, everything else is replaced.
fn overlay(under: &mut Table, over: Table) {
    for (key, entry) in over {
        match (under.get_mut(&key).map(|entry| &mut entry.node.value), entry.node.value) {
            (Some(Value::Table(under)), Value::Table(over)) => overlay(under, over),
            (_, value) => {
                under.insert(key, Entry { key: entry.key, node: Node { value, place: entry.node.place } });
            }
        }
    }
}
