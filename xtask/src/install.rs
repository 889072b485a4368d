//! Copying the bundles to where hosts and shells look for them, and taking them out again.

use crate::Error;
use crate::bundle::Bundles;
use crate::error::At as _;
use crate::files::{copy_folder, create, remove};
use crate::workspace::Workspace;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Where things go in a user's home.
struct Places {
    vst3: PathBuf,
    /// The CLAP's folder.
    clap: PathBuf,
    /// The program's folder, with its library. Not `.local/share/tonewright`, which is for the player's presets.
    program: PathBuf,
    /// What shells find: a link to the program, which looks for its library where it really lies.
    link: PathBuf,
}

impl Places {
    fn below(home: &Path) -> Self {
        Self {
            vst3: home.join(".vst3/Tonewright.vst3"),
            clap: home.join(".clap/Tonewright"),
            program: home.join(".local/lib/tonewright"),
            link: home.join(".local/bin/tonewright"),
        }
    }

    fn find() -> Result<Self, Error> {
        let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        let missing = || Error::Unsupported("HOME is not set, so there is nowhere to install to".into());
        Ok(Self::below(&home.ok_or_else(missing)?))
    }

    /// Says whether the link is ours, also when the program is gone.
    fn link_is_ours(&self) -> bool {
        fs::read_link(&self.link).is_ok_and(|target| target.starts_with(&self.program))
    }
}

/// Copies the bundles into the user's folders, in place of an older Tonewright.
pub(crate) fn install(workspace: &Workspace) -> Result<(), Error> {
    let bundles = Bundles::of(workspace);
    for made in [&bundles.vst3, &bundles.clap_file(), &bundles.standalone] {
        if !made.exists() {
            return Err(Error::Missing { path: made.clone(), door: "cargo xtask bundle --release" });
        }
    }
    let places = Places::find()?;
    let standalone = bundles.standalone.parent().unwrap_or(&bundles.standalone);
    for (from, to) in
        [(&*bundles.vst3, &places.vst3), (&*bundles.clap, &places.clap), (standalone, &places.program)]
    {
        let replaced = to.exists();
        put(from, to)?;
        println!("{} {}", if replaced { "replaced" } else { "installed" }, to.display());
    }
    link(&places)?;
    println!("Let your host scan for plugins again.");
    let folder = places.link.parent().unwrap_or(&places.link);
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|listed| listed == folder) {
        println!("`tonewright` is ready on the command line.");
    } else {
        println!("For `tonewright` on the command line, add {} to your PATH.", folder.display());
    }
    Ok(())
}

/// Copies beside the place first, so that a host never sees half a plugin and a full disk costs
/// nothing.
fn put(from: &Path, to: &Path) -> Result<(), Error> {
    let parent = to.parent().unwrap_or(Path::new("."));
    create(parent)?;
    // Hidden and without a plugin's suffix: hosts do not look inside.
    let temporary = tempfile::Builder::new().prefix(".tonewright-").tempdir_in(parent);
    let temporary = temporary.at("create a folder in", parent)?;
    let whole = temporary.path().join("whole");
    copy_folder(from, &whole)?;
    remove(to)?;
    fs::rename(&whole, to).at("move into place", to)
}

/// Lays the link to the program. Something of another maker under its name is left alone.
fn link(places: &Places) -> Result<(), Error> {
    if fs::symlink_metadata(&places.link).is_ok() {
        if !places.link_is_ours() {
            println!("left alone {}: it is not from here", places.link.display());
            return Ok(());
        }
        remove(&places.link)?;
    }
    create(places.link.parent().unwrap_or(&places.link))?;
    symlink(places.program.join("tonewright"), &places.link).at("create", &places.link)?;
    println!("linked {}", places.link.display());
    Ok(())
}

/// Takes out what [`install`] puts in.
pub(crate) fn uninstall() -> Result<(), Error> {
    take_out(&Places::find()?)
}

fn take_out(places: &Places) -> Result<(), Error> {
    if places.link_is_ours() {
        remove(&places.link)?;
        println!("removed {}", places.link.display());
    }
    for place in [&places.vst3, &places.clap, &places.program] {
        if place.exists() {
            remove(place)?;
            println!("removed {}", place.display());
        } else {
            println!("not there: {}", place.display());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_bundle_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("made"), folder.path().join("plugins/Tonewright"));
        fs::create_dir_all(&from).unwrap();
        fs::write(from.join("new"), "new").unwrap();
        fs::create_dir_all(&to).unwrap();
        fs::write(to.join("old"), "old").unwrap();
        put(&from, &to).unwrap();
        assert!(to.join("new").exists() && !to.join("old").exists());
        assert_eq!(fs::read_dir(folder.path().join("plugins")).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn the_program_is_linked_and_taken_out_again() {
        let home = tempfile::tempdir().unwrap();
        let (made, places) = (home.path().join("made"), Places::below(home.path()));
        fs::create_dir(&made).unwrap();
        fs::write(made.join("tonewright"), "program").unwrap();
        for _ in 0..2 {
            put(&made, &places.program).unwrap();
            link(&places).unwrap();
            assert_eq!(fs::read_to_string(&places.link).unwrap(), "program");
        }
        take_out(&places).unwrap();
        assert!(fs::symlink_metadata(&places.link).is_err() && !places.program.exists());
    }

    #[test]
    fn a_program_of_the_same_name_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let places = Places::below(home.path());
        fs::create_dir_all(places.link.parent().unwrap()).unwrap();
        fs::write(&places.link, "another").unwrap();
        link(&places).unwrap();
        take_out(&places).unwrap();
        assert_eq!(fs::read_to_string(&places.link).unwrap(), "another");
    }
}
