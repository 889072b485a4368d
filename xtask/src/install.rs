//! Copying the bundles to where hosts and shells look for them, and taking them out again: what a package's `install.sh` does, done by it, so
//! that a build of one's own and a package replace each other, and neither takes a file that is a player's.

use crate::Error;
use crate::bundle::Bundles;
use crate::command::Run;
use crate::error::At as _;
use crate::files::create;
use crate::package::INSTALL;
use crate::workspace::Workspace;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Copies the bundles into the user's folders, in place of an older Tonewright.
pub(crate) fn install(workspace: &Workspace) -> Result<(), Error> {
    let bundles = Bundles::of(workspace);
    for made in [&bundles.vst3, &bundles.clap_file(), &bundles.standalone] {
        if !made.exists() {
            return Err(Error::Missing { path: made.clone(), door: "cargo xtask bundle --release" });
        }
    }
    laid_out(&bundles, |root| run(root, &[], None))
}

/// Takes out what [`install`] or a package's script put in.
pub(crate) fn uninstall(workspace: &Workspace) -> Result<(), Error> {
    laid_out(&Bundles::of(workspace), |root| run(root, &["--uninstall"], None))
}

/// Lays the bundles out as a package has them, by links, for as long as `done` runs.
fn laid_out(bundles: &Bundles, done: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
    let temporary = std::env::temp_dir();
    let root =
        tempfile::Builder::new().prefix("tonewright-").tempdir().at("create a folder in", &temporary)?;
    let standalone = bundles.standalone.parent().unwrap_or(&bundles.standalone);
    for (from, name) in [
        (&*bundles.vst3, "VST3/Tonewright.vst3"),
        (&*bundles.clap, "CLAP/Tonewright"),
        (standalone, "standalone"),
    ] {
        let to = root.path().join(name);
        create(to.parent().unwrap_or(root.path()))?;
        symlink(from, &to).at("create", &to)?;
    }
    let script = root.path().join("install.sh");
    fs::write(&script, INSTALL).at("write", &script)?;
    done(root.path())
}

fn run(root: &Path, arguments: &[&str], home: Option<&Path>) -> Result<(), Error> {
    let script = Run::new("sh").arg(root.join("install.sh")).args(arguments);
    home.into_iter().fold(script, |script, home| script.env("HOME", home)).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_of_ones_own_goes_in_and_out_and_leaves_what_is_the_players() {
        let folder = tempfile::tempdir().unwrap();
        let (made, home) = (folder.path().join("made"), folder.path().join("home"));
        let bundles = Bundles {
            vst3: made.join("Tonewright.vst3"),
            clap: made.join("Tonewright"),
            standalone: made.join("standalone/tonewright"),
        };
        let files =
            ["Tonewright.vst3/Contents/plugin.so", "Tonewright/Tonewright.clap", "standalone/tonewright"];
        for path in
            files.map(|name| made.join(name)).into_iter().chain([home.join(".clap/Tonewright/mine.txt")])
        {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "content").unwrap();
        }
        let installed = [
            ".vst3/Tonewright.vst3/Contents/plugin.so",
            ".clap/Tonewright/Tonewright.clap",
            ".local/bin/tonewright",
            ".local/lib/tonewright/tonewright",
        ];
        for _ in 0..2 {
            laid_out(&bundles, |root| run(root, &[], Some(&home))).unwrap();
            for path in installed {
                assert_eq!(fs::read_to_string(home.join(path)).unwrap(), "content", "{path}");
                // What is installed is no link to what the next build changes.
                assert_eq!(home.join(path).is_symlink(), path.contains("bin/"), "{path}");
            }
        }
        laid_out(&bundles, |root| run(root, &["--uninstall"], Some(&home))).unwrap();
        assert!(installed.iter().all(|path| fs::symlink_metadata(home.join(path)).is_err()));
        assert!(home.join(".clap/Tonewright/mine.txt").exists() && bundles.standalone.exists());
    }
}
