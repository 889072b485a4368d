//! What must come from the system: a C++ compiler, the headers of ALSA and JACK, what the Python hosts of the tests link,
//! of which none uses a display, and what tests play through and open the window on where there is neither sound card nor
//! screen. Looked for by what it does, not by a package's name, so that other systems than Debian and Ubuntu can be
//! satisfied by hand.

use super::Scope;
use crate::Error;
use crate::command::{Run, step};
use std::collections::BTreeSet;
use std::path::Path;

/// How to see whether something is there.
enum Sign {
    /// A program in the `PATH`.
    Program(&'static str),
    /// A library's development files, as pkg-config knows them.
    Headers(&'static str),
    /// A shared library that the loader knows.
    Library(&'static str),
    /// A file.
    File(&'static str),
    /// A Python that can make virtual environments.
    PythonVenv,
}

/// Something needed, and the Debian packages that bring it.
struct Need {
    sign: Sign,
    packages: &'static [&'static str],
    /// Whether all goes on without it, because the tests that need it skip and say so.
    dispensable: bool,
}

const fn need(sign: Sign, packages: &'static [&'static str]) -> Need {
    Need { sign, packages, dispensable: false }
}

const fn wish(sign: Sign, packages: &'static [&'static str]) -> Need {
    Need { sign, packages, dispensable: true }
}

const BUILD: &[Need] = &[
    need(Sign::Program("cc"), &["gcc", "libc6-dev"]),
    need(Sign::Program("pkg-config"), &["pkg-config"]),
    need(Sign::Headers("alsa"), &["pkg-config", "libasound2-dev"]),
    need(Sign::Headers("jack"), &["pkg-config", "libjack-jackd2-dev"]),
    need(Sign::PythonVenv, &["python3", "python3-venv"]),
];

const TRAINER: &[Need] = &[need(Sign::Program("c++"), &["g++"])];

const TESTS: &[Need] = &[
    // DawDreamer.
    need(Sign::Library("libGL.so.1"), &["libgl1"]),
    need(Sign::Library("libglib-2.0.so.0"), &["libglib2.0-0"]),
    need(Sign::Library("libz.so.1"), &["zlib1g"]),
    // Pedalboard.
    need(Sign::Library("libatomic.so.1"), &["libatomic1"]),
    // A JACK server without a sound card, and ALSA's null device.
    wish(Sign::Program("jackd"), &["jackd2"]),
    wish(Sign::File("/usr/share/alsa/alsa.conf"), &["libasound2-data"]),
    // A screen that nobody sees, and what the plugin's window loads on one.
    wish(Sign::Program("Xvfb"), &["xvfb", "libgl1-mesa-dri", "libegl1"]),
    wish(Sign::Library("libX11-xcb.so.1"), &["libx11-xcb1"]),
    wish(Sign::Library("libxkbcommon-x11.so.0"), &["libxkbcommon-x11-0"]),
];

const COUNTS: &[Need] = &[need(Sign::Program("valgrind"), &["valgrind"])];

impl Sign {
    fn is_there(&self) -> bool {
        match self {
            Self::Program(name) => in_path(name),
            Self::Headers(name) => Run::new("pkg-config").args(["--exists", name]).works(),
            Self::Library(name) => loader_knows(name),
            Self::File(path) => Path::new(path).is_file(),
            Self::PythonVenv => !super::python::candidates().is_empty(),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Program(name) => format!("the program {name}"),
            Self::Headers(name) => format!("the development files of {name}"),
            Self::Library(name) | Self::File(name) => (*name).to_owned(),
            Self::PythonVenv => "Python 3 with venv".to_owned(),
        }
    }
}

fn in_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

fn loader_knows(library: &str) -> bool {
    // ldconfig is often outside an ordinary user's PATH.
    let known = ["ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"]
        .into_iter()
        .find_map(|program| Run::new(program).args(["-p"]).output());
    known.is_some_and(|known| known.lines().any(|line| line.trim_start().starts_with(library)))
}

fn missing(scope: Scope) -> Vec<&'static Need> {
    let mut missing = needs(scope);
    missing.retain(|need| !need.sign.is_there());
    missing
}

fn needs(scope: Scope) -> Vec<&'static Need> {
    let mut needs: Vec<_> = BUILD.iter().collect();
    if scope.trainer.is_some() {
        needs.extend(TRAINER);
    }
    if scope.tests {
        needs.extend(TESTS);
    }
    if scope.counts {
        needs.extend(COUNTS);
    }
    needs
}

/// Installs what is missing where that needs no password, and otherwise says which line to run.
pub(super) fn ensure(scope: Scope) -> Result<(), Error> {
    let lacking = missing(scope);
    if lacking.is_empty() {
        return Ok(());
    }
    let names = packages(lacking.iter().copied()).join(" ");
    if !in_path("apt-get") {
        let help = format!("install what corresponds to these Debian packages, then try again: {names}");
        return settle(&lacking, help);
    }
    let by_hand =
        format!("run this, then try again:\n  sudo apt-get update && sudo apt-get install --yes {names}");
    let is_root = Run::new("id").args(["-u"]).output().as_deref() == Some("0");
    if !is_root && !Run::new("sudo").args(["-n", "true"]).works() {
        return settle(&lacking, by_hand);
    }
    step(&format!("installing system packages: {names}"));
    let apt = |args: &[&str]| {
        let command = if is_root { Run::new("env") } else { Run::new("sudo").args(["-n", "env"]) };
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(args).run()
    };
    let install = |packages: Vec<&str>| {
        let install = ["install", "--yes", "--quiet=2", "--no-install-recommends"];
        if packages.is_empty() { Ok(()) } else { apt(&[&install, packages.as_slice()].concat()) }
    };
    let (wished, needed): (Vec<_>, Vec<_>) = lacking.iter().copied().partition(|need| need.dispensable);
    let updated = apt(&["update", "--quiet=2"]);
    if !needed.is_empty() {
        updated?;
    }
    install(packages(needed))?;
    // By itself, so that a package which cannot be had takes none of the others with it. What is missing then is told.
    let _ = install(packages(wished));
    settle(&missing(scope), by_hand)
}

/// The packages that bring what is needed, each once.
fn packages<'a>(needs: impl IntoIterator<Item = &'a Need>) -> Vec<&'static str> {
    let packages: BTreeSet<_> = needs.into_iter().flat_map(|need| need.packages.iter().copied()).collect();
    packages.into_iter().collect()
}

/// Ends with what is still missing: an error, or a word to the reader if all goes on without it.
fn settle(lacking: &[&Need], help: String) -> Result<(), Error> {
    if lacking.is_empty() {
        return Ok(());
    }
    let what: Vec<_> = lacking.iter().map(|need| need.sign.describe()).collect();
    let what = what.join(", ");
    if lacking.iter().any(|need| !need.dispensable) {
        return Err(Error::System { what, help });
    }
    step(&format!("not there: {what}; the tests that play through it will skip. To have them, {help}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_tests_can_skip_may_be_missing() {
        let (needed, wished) =
            (need(Sign::Program("cc"), &["gcc"]), wish(Sign::Program("jackd"), &["jackd2"]));
        assert!(settle(&[], String::new()).is_ok());
        assert!(settle(&[&wished], String::new()).is_ok());
        let failed = settle(&[&wished, &needed], "install them".into()).unwrap_err().to_string();
        for part in ["the program cc", "the program jackd", "install them"] {
            assert!(failed.contains(part), "{part}: {failed}");
        }
    }

    #[test]
    fn playing_needs_less_than_testing() {
        let programs = |scope| {
            let signs = needs(scope).into_iter().map(|need| need.sign.describe());
            signs.collect::<Vec<_>>()
        };
        let (playing, testing) = (programs(Scope::PLUGIN), programs(Scope::EVERYTHING));
        assert!(playing.iter().all(|sign| testing.contains(sign)));
        let jackd = "the program jackd".to_owned();
        assert!(testing.contains(&jackd) && !playing.contains(&jackd));
    }
}
