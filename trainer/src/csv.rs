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
    /// The file cannot be read or is not UTF-8, it is empty, its values are not separated by commas, a row has more or fewer
    /// fields than the header, two columns have the same name or one with values has none, or a quote is never closed.
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
        for (separator, name) in [(';', "semicolons"), ('\t', "tabs")] {
            if let [only] = &header[..]
                && only.contains(separator)
            {
                let problem = format!("its values are separated by {name}; export it with commas in between");
                return Err(refuse(problem));
            }
        }
        for (line, row) in &rows {
            if row.len() != header.len() {
                let (found, expected) = (row.len(), header.len());
                return Err(refuse(format!("line {line}: {found} fields, the header has {expected}")));
            }
        }
        let mut columns = HashMap::new();
        for (i, name) in header.iter().map(|name| name.trim()).enumerate() {
            if name.is_empty() {
                // Spreadsheets export empty columns behind the last.
                match rows.iter().find(|(_, row)| !row[i].trim().is_empty()) {
                    Some((line, row)) => {
                        let (value, column) = (&row[i], i + 1);
                        let problem =
                            format!("line {line}: `{value}` is in column {column}, whose header is empty");
                        return Err(refuse(problem + "; name it, or take it out"));
                    }
                    None => continue,
                }
            }
            if columns.insert(name.to_owned(), i).is_some() {
                return Err(refuse(format!("two columns are called `{name}`; rename one, or take it out")));
            }
        }
        Ok(Self { path: path.to_owned(), columns, rows })
    }

    /// Makes sure of columns before rows are read.
    ///
    /// # Errors
    /// One is missing.
    pub fn require(&self, names: &[&str]) -> Result<(), TrainerError> {
        let Some(missing) = names.iter().find(|name| !self.columns.contains_key(**name)) else {
            return Ok(());
        };
        let found = self.columns(|_| true);
        let advice = match found.iter().find(|name| name.eq_ignore_ascii_case(missing)) {
            Some(other) => format!("there is `{other}`, and case counts; write `{missing}`"),
            None => format!("there are {}", found.join(", ")),
        };
        Err(TrainerError::recording(&self.path, format!("there is no column `{missing}`: {advice}")))
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

    fn read(text: &str) -> Result<Csv, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        Csv::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn headers_that_would_lose_something_are_refused() {
        for (text, words) in [
            ("a,Gain, Gain\n1,2,3\n", "two columns are called `Gain`"),
            ("a;b\n1;2,5\n", "separated by semicolons"),
            ("a\tb\n1\t2\n", "separated by tabs"),
            ("a,,\n1,,\n2,,x\n", "line 3: `x` is in column 3"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words), "{text:?}: {error}");
        }
        assert_eq!(read("a,,\n1,,\n").unwrap().columns(|_| true), ["a"]);
    }

    #[test]
    fn missing_columns_are_told_with_what_there_is() {
        for (text, words) in [("Input,b\n", "there is `Input`, and case counts"), ("x,b\n", "there are x, b")]
        {
            let error = read(text).unwrap().require(&["b", "input"]).unwrap_err().to_string();
            assert!(error.contains("no column `input`") && error.contains(words), "{error}");
        }
    }
}
