//! The items of a batch: a list in the config, a table, or the files of a folder.

use crate::TrainerError;
use crate::config::{CardText, Config, Network, Origin, Train, parse, read_text, refused};
use crate::csv::Csv;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most items of a batch.
const MOST: usize = 10_000;
/// Longest name of an item, in bytes.
const LONGEST_NAME: usize = 100;
/// Keys of an item that belong on the card.
const CARD: [&str; 4] = ["gear", "author", "source", "licence"];
/// Keys whose value is one of several kinds: another kind replaces it, the same kind is merged.
const KINDS: [&str; 3] = ["model", "data", "schedule"];
/// What stands for an item's name in the patterns of a folder.
const NAME: &str = "{name}";

/// One capture of a batch.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its name, which is that of its folder and, unless its card says otherwise, of its model.
    pub name: String,
    /// Its config.
    pub config: Config,
}

impl Item {
    /// Hash of all that decides what its model is: not where it is written, nor what computes it.
    pub fn settings(&self) -> String {
        let Train { workers, device, checkpoint_seconds, .. } = Train::default();
        let config = Config {
            train: Train { workers, device, checkpoint_seconds, ..self.config.train.clone() },
            out: PathBuf::new(),
            nam: false,
            report: false,
            preview_seconds: None,
            origin: Origin::default(),
            ..self.config.clone()
        };
        hash(&format!("{config:?}"))
    }
}

/// What the items share, as far as it can be checked before it is merged with what is theirs: here errors have
/// their line.
#[derive(Deserialize)]
struct Shared {
    #[serde(rename = "model")]
    _model: Option<Network>,
    #[serde(rename = "train")]
    _train: Option<Train>,
    #[serde(rename = "card")]
    _card: Option<CardText>,
    out: PathBuf,
}

/// The folder that a batch config writes into.
///
/// # Errors
/// The config is refused.
pub fn out_folder(path: &Path) -> Result<PathBuf, TrainerError> {
    Ok(parse::<Shared>(path, &read_text(path)?)?.out)
}

/// Reads the items of a batch config, which go into folders of their names in `out`.
///
/// # Errors
/// The config, the table or the folder cannot be read; there is no item, or there are too many; a name is missing,
/// is given twice or makes no file name; an item's config is refused.
pub fn items(path: &Path, out: &Path) -> Result<Vec<Item>, TrainerError> {
    let text: Arc<str> = read_text(path)?.into();
    let _: Shared = parse(path, &text)?;
    let mut shared: Map<String, Value> = parse(path, &text)?;
    let batch = shared.remove("batch").unwrap_or_default();
    let refuse = |problem: String| refused(path, None, format!("`batch`: {problem}"));
    let entries = match &batch {
        Value::Array(list) => list.iter().map(entry).collect::<Result<Vec<_>, _>>().map_err(refuse)?,
        Value::Object(keys) => match (keys.get("csv").and_then(Value::as_str), keys.contains_key("folder")) {
            (Some(table), false) if keys.len() == 1 => from_table(Path::new(table))?,
            (None, true) => from_folder(keys).map_err(|e| e.into_error(&refuse))?,
            _ => return Err(refuse("either `csv`, or `folder`, `input` and `target` are needed".into())),
        },
        _ => return Err(refuse("a list, `csv` or `folder` is needed".into())),
    };
    if entries.is_empty() || entries.len() > MOST {
        return Err(refuse(format!("{} captures; 1 to {MOST} are possible", entries.len())));
    }
    let mut names = HashSet::new();
    let mut items = Vec::new();
    for (i, entry) in entries.into_iter().enumerate() {
        let name = name_of(&entry).map_err(|problem| refuse(format!("capture {}: {problem}", i + 1)))?;
        // File systems may not tell cases apart.
        if !names.insert(name.to_lowercase()) {
            return Err(refuse(format!("two captures are called `{name}`; each needs a name of its own")));
        }
        let mut item =
            item(&shared, entry, &name, out).map_err(|p| refuse(format!("capture `{name}`: {p}")))?;
        item.config.origin.text = Arc::clone(&text);
        items.push(item);
    }
    Ok(items)
}

type Entry = Map<String, Value>;

fn entry(value: &Value) -> Result<Entry, String> {
    match value {
        Value::Object(keys) => Ok(keys.clone()),
        other => Err(format!("`{other}` is no capture; write {{ name: …, input: …, target: … }}")),
    }
}

/// The name of an entry, which must make a folder's.
fn name_of(entry: &Entry) -> Result<String, String> {
    let name = match entry.get("name") {
        Some(Value::String(name)) => name.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err("`name` is missing".into()),
    };
    let forbidden = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    if name.is_empty() || name.starts_with('.') || name.len() > LONGEST_NAME || name.contains(forbidden) {
        return Err(format!(
            "`{name}` makes no folder; use up to {LONGEST_NAME} letters, figures, spaces and dashes, and no dot in front"
        ));
    }
    Ok(name)
}

/// An item from what all share and what is its own.
fn item(shared: &Entry, mut own: Entry, name: &str, out: &Path) -> Result<Item, String> {
    own.remove("name");
    if own.contains_key("out") {
        return Err(format!("it goes into {}; leave its `out` out", out.join(name).display()));
    }
    let mut config = Value::Object(shared.clone());
    merge(&mut config, "", json!({ "card": { "name": name } }));
    let given = ["input", "target"].map(|key| own.remove(key));
    if let [Some(input), Some(target)] = given {
        merge(&mut config, "", json!({ "data": { "pair": { "input": input, "target": target } } }));
    } else if given.iter().any(Option::is_some) {
        return Err("`input` and `target` belong together".into());
    }
    for key in CARD {
        if let Some(text) = own.remove(key) {
            merge(&mut config, "", json!({ "card": { key: text } }));
        }
    }
    merge(&mut config, "", Value::Object(own));
    merge(&mut config, "", json!({ "out": out.join(name) }));
    let config: Config = serde_json::from_value(config).map_err(|e| e.to_string())?;
    config.check()?;
    Ok(Item { name: name.to_owned(), config })
}

/// Puts `own` over `base`, the value of `key`: keys are merged, everything else is replaced.
fn merge(base: &mut Value, key: &str, own: Value) {
    match (base, own) {
        (Value::Object(base), Value::Object(own)) => {
            if KINDS.contains(&key) && !own.keys().all(|kind| base.contains_key(kind)) {
                base.clear();
            }
            for (key, value) in own {
                let at = base.entry(key.clone()).or_insert(Value::Null);
                merge(at, &key, value);
            }
        }
        (base, own) => *base = own,
    }
}

/// FNV-1a (Fowler, Noll, Vo).
fn hash(text: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    format!("{:016x}", text.bytes().fold(0xCBF2_9CE4_8422_2325, step))
}

/// A row each. A column is a key of an item, with dots for keys inside keys; an empty field is not given. Recordings
/// lie where the table says, seen from its own folder.
fn from_table(path: &Path) -> Result<Vec<Entry>, TrainerError> {
    let table = Csv::read(path)?;
    table.require(&["name"])?;
    let columns = table.columns(|_| true);
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut entries = Vec::new();
    for row in table.rows() {
        let mut entry = Value::Object(Map::new());
        for &column in &columns {
            let text = row.text(column)?;
            if text.is_empty() {
                continue;
            }
            let value = match column {
                "input" | "target" => json!(folder.join(text)),
                "name" => json!(text),
                _ if CARD.contains(&column) => json!(text),
                // Numbers and switches as in the config; what is neither is text.
                _ => match serde_saphyr::from_str::<Value>(text) {
                    Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
                    _ => json!(text),
                },
            };
            let nested = column.rsplit('.').fold(value, |value, key| json!({ key: value }));
            merge(&mut entry, "", nested);
        }
        match entry {
            Value::Object(entry) => entries.push(entry),
            _ => return Err(row.refuse("a column without a name".into())),
        }
    }
    Ok(entries)
}

/// What can be wrong with a folder: its description, or a file.
enum FolderProblem {
    Words(String),
    Error(TrainerError),
}

impl FolderProblem {
    fn into_error(self, refuse: &dyn Fn(String) -> TrainerError) -> TrainerError {
        match self {
            Self::Words(problem) => refuse(problem),
            Self::Error(error) => error,
        }
    }
}

/// A capture for each file that the pattern `target` fits, in the order of their names. `input` is one file for all,
/// or a pattern too.
fn from_folder(keys: &Entry) -> Result<Vec<Entry>, FolderProblem> {
    let words = |problem: String| Err(FolderProblem::Words(problem));
    if let Some(other) = keys.keys().find(|key| !["folder", "input", "target"].contains(&key.as_str())) {
        return words(format!("`{other}` is unknown here; known are `folder`, `input` and `target`"));
    }
    let text = |key: &str| keys.get(key).and_then(Value::as_str);
    let (Some(folder), Some(input), Some(target)) = (text("folder"), text("input"), text("target")) else {
        return words("`folder`, `input` and `target` are needed, each a text".into());
    };
    let Some((before, after)) = target.split_once(NAME).filter(|(_, after)| !after.contains(NAME)) else {
        return words(format!("`target: {target}` needs {NAME} once, where the files' names differ"));
    };
    let folder = Path::new(folder);
    let file_error = |e| FolderProblem::Error(TrainerError::file(folder, e));
    let mut files = Vec::new();
    for file in std::fs::read_dir(folder).map_err(file_error)? {
        files.push(file.map_err(file_error)?.file_name().to_string_lossy().into_owned());
    }
    files.sort();
    let mut entries = Vec::new();
    for file in &files {
        let name = file.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
        let input = input.replace(NAME, name);
        // A pattern such as `{name}.wav` fits the input too.
        if input == *file {
            continue;
        }
        let entry = json!({ "name": name, "input": folder.join(input), "target": folder.join(file) });
        entries.extend(entry.as_object().cloned());
    }
    if entries.is_empty() {
        return words(format!("no file in {} fits `{target}`", folder.display()));
    }
    Ok(entries)
}
