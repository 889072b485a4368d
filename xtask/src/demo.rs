//! The demo: from a clone to the sound of an amp in a host.

use crate::Error;
use crate::bundle;
use crate::command::{Run, step};
use crate::setup::{self, Scope};
use crate::workspace::Workspace;
use std::path::Path;

/// Sets up what the plugin needs, builds the bundles and lets a CLAP host play them.
pub(crate) fn demo(workspace: &Workspace) -> Result<(), Error> {
    setup::all(workspace, Scope::PLUGIN)?;
    let bundles = bundle::bundle(workspace, true)?;
    step("playing the demo recording through the CLAP");
    Run::cargo()
        .args(["run", "--quiet", "--locked", "--release", "--package", "tests", "--bin", "play", "--"])
        .args([from_here(workspace, &bundles.clap_file()), Path::new("assets/demo"), Path::new("demo")])
        .run()?;
    step("and through a whole chain: gate, amp, cabinet, the word EQ, reverb");
    Run::new(&bundles.standalone)
        .args(["render", "assets/demo/clean_guitar.wav", "--output", "demo/clean_guitar_chain.wav"])
        .args(["--chain", "assets/chains/guitar.yaml"])
        .run()?;
    println!();
    bundles.print();
    println!();
    println!(
        "To play it yourself: `cargo xtask install` copies the VST3 and the CLAP into ~/.vst3 and ~/.clap, \
         and `tonewright` into ~/.local/bin;"
    );
    println!("or run {} for the standalone.", from_here(workspace, &bundles.standalone).display());
    Ok(())
}

fn from_here<'a>(workspace: &Workspace, path: &'a Path) -> &'a Path {
    path.strip_prefix(&workspace.root).unwrap_or(path)
}
