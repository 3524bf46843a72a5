//! Tables for people: columns as wide as their widest cell on a terminal, where Chinese letters take two places.

use std::io::{self, Write};

/// Places a text takes on a terminal.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(places).sum()
}

/// East Asian Wide and Fullwidth (Unicode TR 11) in coarse ranges; marks that stand above others take none.
fn places(letter: char) -> usize {
    match u32::from(letter) {
        0x0300..=0x036F | 0x200B..=0x200F | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 => 2,
        0x1F300..=0x1FAFF | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// What a caller sends may hold orders to the terminal: they are shown as `?`.
fn shown(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

/// Writes the heads and the rows, two spaces between columns.
///
/// # Errors
/// When `out` cannot be written.
pub fn write<const N: usize>(out: &mut impl Write, heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> io::Result<()> {
    let mut lines = vec![heads.map(str::to_owned)];
    lines.extend(rows.into_iter().map(|row| row.map(|cell| shown(&cell))));
    let mut widths = [0; N];
    for line in &lines {
        for (widest, cell) in widths.iter_mut().zip(line) {
            *widest = width(cell).max(*widest);
        }
    }
    for line in &lines {
        let mut text = String::new();
        for (cell, widest) in line.iter().zip(widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', widest - width(cell) + 2));
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_straight_under_chinese_names() {
        let mut out = Vec::new();
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        write(&mut out, ["ID", "NAME", "STATE"], [row(["1001", "1001 号坐席", "ready"]), row(["1002", "Li\x1b[31m", "talking"])])
            .expect("writes");
        let expected = "ID    NAME         STATE\n1001  1001 号坐席  ready\n1002  Li?[31m      talking\n";
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }
}
