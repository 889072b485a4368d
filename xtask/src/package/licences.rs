//! The licences of all that goes into the binaries.

use super::spdx;
use crate::Error;
use crate::error::At as _;
use crate::workspace::Workspace;
use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What a licence's file is called.
const NAMES: [&str; 7] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE", "AUTHORS"];

/// The text of the ISC licence, which some crates name and do not carry.
const ISC: &str = "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is
hereby granted, provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED \"AS IS\" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.
";

/// A crate in the binaries.
#[derive(Debug)]
pub(super) struct Dependency {
    /// Its name and version.
    pub name: String,
    /// The licences it is passed on under.
    licences: Vec<String>,
    authors: String,
    /// Their texts, as it carries them.
    texts: Vec<String>,
}

/// All crates of the plugin and the program on this platform, by name. Needs no network.
///
/// # Errors
/// A crate's licence is not one of those that Tonewright can be passed on with.
pub(super) fn dependencies(workspace: &Workspace) -> Result<Vec<Dependency>, Error> {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let metadata = MetadataCommand::new()
        .manifest_path(workspace.root.join("plugin/Cargo.toml"))
        .features(CargoOpt::SomeFeatures(vec!["standalone".into()]))
        .other_options(["--locked", "--offline", "--filter-platform", &platform].map(str::to_owned))
        .exec()?;
    let mut dependencies = Vec::new();
    for package in linked(&metadata) {
        // Those without a source are ours.
        if package.source.is_some() {
            dependencies.push(Dependency::read(package)?);
        }
    }
    dependencies.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(dependencies)
}

/// What the plugin is linked with, itself included: no build scripts, no tests.
fn linked(metadata: &Metadata) -> Vec<&Package> {
    let Some(resolve) = &metadata.resolve else { return Vec::new() };
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut waiting: Vec<_> = resolve.root.iter().collect();
    let mut seen = HashSet::new();
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            let normal = |dependency: &&cargo_metadata::NodeDep| {
                dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
            };
            let needed = nodes.get(id).map(|node| node.deps.iter().filter(normal)).into_iter().flatten();
            waiting.extend(needed.map(|dependency| &dependency.pkg));
        }
    }
    metadata.packages.iter().filter(|package| seen.contains(&package.id)).collect()
}

impl Dependency {
    fn read(package: &Package) -> Result<Self, Error> {
        let name = format!("{} {}", package.name, package.version);
        let licences = spdx::choose(package.license.as_deref().unwrap_or_default()).map_err(|problem| {
            let licence = package.license.clone().unwrap_or_else(|| "none".into());
            Error::Licence { name: name.clone(), licence, problem }
        })?;
        let folder = package.manifest_path.parent().map_or(Path::new("."), |folder| folder.as_std_path());
        let mut texts = texts_in(folder, is_licence)?;
        // Fonts come with the licence of each beside it.
        if licences.iter().any(|licence| licence.starts_with("OFL")) {
            texts.extend(texts_in(&folder.join("fonts"), |name| name.ends_with(".txt"))?);
        }
        Ok(Self { name, licences, authors: package.authors.join(", "), texts })
    }
}

/// Of several texts to choose from, the GPL's is not the one that is chosen.
fn is_licence(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    NAMES.iter().any(|start| name.starts_with(start)) && !name.contains("GPL")
}

fn texts_in(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>, Error> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).at("read", folder)? {
        let path = entry.at("read", folder)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if wanted(&name) && path.is_file() {
            let bytes = fs::read(&path).at("read", &path)?;
            texts.push(String::from_utf8_lossy(&bytes).replace("\r\n", "\n").trim().to_owned());
        }
    }
    texts.sort();
    Ok(texts)
}

/// One document: which crates there are, and each text once, with the crates that it is of.
pub(super) fn document(dependencies: &[Dependency], mit: &str, apache: &str) -> String {
    let mut document = String::from(
        "What Tonewright is made of besides itself, with its licences.\n\n\
         ONNX Runtime (MIT): its licence and those of its parts are in ONNX-Runtime-LICENSE.txt and\n\
         ONNX-Runtime-ThirdPartyNotices.txt.\n\
         The standard library of Rust (MIT or Apache-2.0): https://github.com/rust-lang/rust\n\n\
         Crates, with the licence that each is passed on under. Their source lies at https://crates.io/crates/NAME.\n\n",
    );
    let mut texts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for dependency in dependencies {
        let _ = writeln!(document, "  {}: {}", dependency.name, dependency.licences.join(", "));
        let own = if dependency.texts.is_empty() {
            usual(dependency, mit, apache)
        } else {
            dependency.texts.clone()
        };
        own.into_iter().for_each(|text| texts.entry(text).or_default().push(&dependency.name));
    }
    for (text, names) in texts {
        let _ = write!(document, "\n{}\n{}\n\n{text}\n", "=".repeat(100), names.join(", "));
    }
    document
}

/// The texts of a crate that carries none.
fn usual(dependency: &Dependency, mit: &str, apache: &str) -> Vec<String> {
    let text = |licence: &String| {
        let text = match licence.as_str() {
            // Behind the line of our own copyright.
            "MIT" => mit.split_once("\n\n").map_or(mit, |(_, permission)| permission),
            "Apache-2.0" => apache,
            "ISC" => ISC,
            other => return format!("{other}, as SPDX lists it: https://spdx.org/licenses/{other}.html"),
        };
        let authors = match dependency.authors.as_str() {
            "" => format!("the authors of {}", dependency.name),
            authors => authors.to_owned(),
        };
        format!("Copyright (c) {authors}\n\n{}", text.trim())
    };
    dependency.licences.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What would be passed on is read as it is now: a crate under another licence fails here, with its name.
    #[test]
    fn all_that_is_linked_may_be_passed_on() {
        let workspace = Workspace::find().unwrap();
        let dependencies = dependencies(&workspace).unwrap();
        let names: Vec<&str> = dependencies.iter().filter_map(|d| Some(d.name.split_once(' ')?.0)).collect();
        for name in ["egui", "nice-plug", "ort", "symphonia", "realfft", "epaint_default_fonts"] {
            assert!(names.contains(&name), "{name} is not among {names:?}");
        }
        assert!(!names.contains(&"shared") && !names.contains(&"tch"), "{names:?}");
        let document = document(&dependencies, "Copyright\n\nPermission", "Apache");
        for text in ["SIL OPEN FONT LICENSE", "Mozilla Public License", "Copyright (c) Robbert"] {
            assert!(document.contains(text), "{text} is missing");
        }
        let gpl = "GNU GENERAL PUBLIC LICENSE\n";
        assert!(!document.lines().any(|line| line.trim() == gpl.trim()), "a text that is not chosen");
    }
}
