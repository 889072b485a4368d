//! Tables of comma-separated values (RFC 4180), with the line of every row for whoever complains.

use crate::TrainerError;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Largest table that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// A table with a header.
#[derive(Debug)]
pub struct Csv {
    path: PathBuf,
    columns: HashMap<String, usize>,
    rows: Vec<(usize, Vec<String>)>,
}

impl Csv {
    /// Reads a table.
    ///
    /// # Errors
    /// The file cannot be read or is not UTF-8, it is empty, a row has more or fewer fields than the
    /// header, or a quote is never closed.
    pub fn read(path: &Path) -> Result<Self, TrainerError> {
        let bytes = shared::fs::read_limited(path, MAX_BYTES).map_err(|e| TrainerError::file(path, e))?;
        let refuse = |problem: String| TrainerError::recording(path, problem);
        let text = String::from_utf8(bytes)
            .map_err(|e| refuse(format!("byte {} is not UTF-8", e.utf8_error().valid_up_to())))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut rows = split(text).map_err(|line| refuse(format!("line {line}: a quote is never closed")))?;
        if rows.is_empty() {
            return Err(refuse("it is empty; a header and rows are needed".into()));
        }
        let (_, header) = rows.remove(0);
        for (line, row) in &rows {
            if row.len() != header.len() {
                let (found, expected) = (row.len(), header.len());
                return Err(refuse(format!("line {line}: {found} fields, the header has {expected}")));
            }
        }
        let columns = header.into_iter().enumerate().map(|(i, name)| (name.trim().to_owned(), i)).collect();
        Ok(Self { path: path.to_owned(), columns, rows })
    }

    /// The rows in the order of the file.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, fields)| Row { table: self, line: *line, fields })
    }

    /// Names of the columns whose name is accepted, in the order of the file.
    pub fn columns(&self, accept: impl Fn(&str) -> bool) -> Vec<&str> {
        let mut names: Vec<_> = self.columns.iter().filter(|(name, _)| accept(name)).collect();
        names.sort_by_key(|(_, index)| **index);
        names.into_iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    table: &'a Csv,
    line: usize,
    fields: &'a [String],
}

impl<'a> Row<'a> {
    /// The text of a column, without spaces around it.
    ///
    /// # Errors
    /// There is no such column.
    pub fn text(&self, column: &str) -> Result<&'a str, TrainerError> {
        match self.table.columns.get(column) {
            Some(&index) => Ok(self.fields[index].trim()),
            None => Err(TrainerError::recording(&self.table.path, format!("there is no column `{column}`"))),
        }
    }

    /// The number in a column.
    ///
    /// # Errors
    /// There is no such column, or it holds no number from `lowest` to `highest`.
    pub fn number(&self, column: &str, lowest: f64, highest: f64) -> Result<f64, TrainerError> {
        let text = self.text(column)?;
        match text.parse::<f64>() {
            Ok(value) if value >= lowest && value <= highest => Ok(value),
            _ => {
                Err(self
                    .refuse(format!("`{column}` is `{text}`; a number from {lowest} to {highest} is needed")))
            }
        }
    }

    /// A problem of this row.
    pub fn refuse(&self, problem: String) -> TrainerError {
        TrainerError::recording(&self.table.path, format!("line {}: {problem}", self.line))
    }
}

/// Rows with the lines they begin at; or the line of a quote without an end. Empty lines are no rows.
fn split(text: &str) -> Result<Vec<(usize, Vec<String>)>, usize> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begun, mut quoted_since) = (1, 1, None);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, quoted_since) {
            ('"', Some(_)) if characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            ('"', Some(_)) => quoted_since = None,
            ('"', None) if field.is_empty() => quoted_since = Some(line),
            (',', None) => row.push(std::mem::take(&mut field)),
            ('\r', None) => {}
            ('\n', None) => {
                row.push(std::mem::take(&mut field));
                let row = std::mem::take(&mut row);
                if row.len() > 1 || !row[0].is_empty() {
                    rows.push((begun, row));
                }
                begun = line + 1;
            }
            (other, _) => field.push(other),
        }
        line += usize::from(character == '\n');
    }
    if let Some(since) = quoted_since {
        return Err(since);
    }
    if !row.is_empty() || !field.is_empty() {
        row.push(field);
        rows.push((begun, row));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_hold_commas_quotes_and_lines() {
        let rows = split("a,b\r\n\"x, y\",\"say \"\"hi\"\"\nthere\"\n\n1,\n2,3").unwrap();
        let lines: Vec<_> = rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 2, 5, 6]);
        assert_eq!(rows[1].1, ["x, y", "say \"hi\"\nthere"]);
        assert_eq!(rows[2].1, ["1", ""]);
        assert_eq!(split("a\n\"b"), Err(2));
    }
}
