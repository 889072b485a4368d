//! `tonewright` without a host, as a player starts it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tests::host::Screen;
use tests::product;

/// Far longer than anything here takes on the slowest machine.
const LONGEST: Duration = Duration::from_secs(60);

/// Ended with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(Some(_))) {
            return;
        }
        // Asked to end a server leaves JACK's list of servers, which has eight places; killed it stays there for ever.
        drop(Command::new("kill").arg(self.0.id().to_string()).status());
        drop(self.0.wait());
    }
}

fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let limit = Instant::now() + LONGEST;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < limit, "{what} takes longer than {LONGEST:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// `tonewright` on a machine without a sound card, with all it says in a file of `folder`.
fn start(folder: &Path, display: Option<&Screen>, arguments: &[&str]) -> Running {
    let alsa = folder.join("asound.conf");
    std::fs::write(&alsa, "").unwrap();
    let said = File::create(folder.join("said")).unwrap();
    let mut command = product::program();
    command.args(arguments).env("ALSA_CONFIG_PATH", &alsa).env("JACK_NO_START_SERVER", "1");
    command.env("JACK_DEFAULT_SERVER", "tonewright-test-nobody").env_remove("JACK_SERVER_NAME");
    command.env_remove("WAYLAND_DISPLAY").env_remove("NICE_LOG").stdin(Stdio::null());
    match display {
        Some(screen) => command.env("DISPLAY", &screen.display),
        None => command.env_remove("DISPLAY"),
    };
    command.stdout(said.try_clone().unwrap()).stderr(said);
    Running(command.spawn().unwrap())
}

/// How it ended, and all that it said.
fn ended(folder: &Path, display: Option<&Screen>, arguments: &[&str]) -> (ExitStatus, String) {
    let mut running = start(folder, display, arguments);
    let status = wait_for("to end", || running.0.try_wait().unwrap());
    (status, std::fs::read_to_string(folder.join("said")).unwrap())
}

#[test]
fn without_a_screen_it_ends_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&[][..], &["window"], &["window", "--backend", "dummy"]] {
        let (status, said) = ended(folder.path(), None, arguments);
        assert_eq!(status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("error: there is no screen") && said.contains("tonewright live"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn without_sound_it_ends_and_says_what_to_do() {
    let Some(screen) = Screen::start() else {
        return product::skip("there is no Xvfb; `cargo xtask setup --tests` installs it");
    };
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&[][..], &["window", "--backend", "jack"], &["window", "--backend", "alsa"]] {
        let (status, said) = ended(folder.path(), Some(&screen), arguments);
        assert_eq!(status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("error: there is nothing to play through: "), "{arguments:?}: {said}");
        assert!(said.contains("tonewright devices") && said.contains("--backend dummy"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn its_help_names_our_options_and_the_frameworks() {
    let folder = tempfile::tempdir().unwrap();
    let (status, said) = ended(folder.path(), None, &["window", "--help"]);
    assert!(status.success(), "{said}");
    for option in ["--no-input", "--input-device", "--connect-jack-inputs", "--period-size"] {
        assert!(said.contains(option), "{option}: {said}");
    }
}

/// A JACK server without a sound card.
fn server(name: &str) -> Option<Running> {
    let mut command = Command::new("jackd");
    command.args(["-n", name, "-r", "-t", "10000", "-d", "dummy", "-r", "44100", "-p", "1024"]);
    command.env("JACK_NO_AUDIO_RESERVATION", "1").stdin(Stdio::null());
    Some(Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?))
}

#[test]
fn the_guitar_is_connected_unless_the_player_leaves_it_out() {
    let Some(screen) = Screen::start() else {
        return product::skip("there is no Xvfb; `cargo xtask setup --tests` installs it");
    };
    if Command::new("jack_lsp").arg("--version").output().is_err() {
        return product::skip("there is no jack_lsp; `cargo xtask setup --tests` installs it");
    }
    let folder = tempfile::tempdir().unwrap();
    let said = || std::fs::read_to_string(folder.path().join("said")).unwrap();
    for (extra, expected) in [
        (&[][..], [2, 0]),
        (&["--connect-jack-inputs", "system:capture_2"], [0, 2]),
        (&["--no-input"], [0, 0]),
    ] {
        // Each has a server of its own: one may take long to get over a client that has gone.
        let name = format!("tonewright-standalone-{}-{}{}", std::process::id(), expected[0], expected[1]);
        let Some(server) = server(&name) else {
            return product::skip("there is no jackd; `cargo xtask setup --tests` installs it");
        };
        // How many of ours a port is connected to; they stand below it.
        let ours = |port: &str| {
            let mut command = Command::new("jack_lsp");
            command.args(["-s", &name, "-c"]).env("JACK_NO_START_SERVER", "1").stderr(Stdio::null());
            let ports = String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned();
            let mut below = ports.lines().skip_while(|line| *line != port);
            below.next().map(|_| below.take_while(|line| line.starts_with(' ')).count())
        };
        wait_for("the server", || ours("system:capture_2"));
        let file = File::create(folder.path().join("said")).unwrap();
        let mut command = product::program();
        command.arg("window").args(extra).env("DISPLAY", &screen.display).env("JACK_DEFAULT_SERVER", &name);
        command.env("JACK_NO_START_SERVER", "1").env_remove("NICE_LOG").stdin(Stdio::null());
        let mut running = Running(command.stdout(Stdio::null()).stderr(file).spawn().unwrap());
        let begin = Instant::now();
        let mut found = Default::default();
        // What is left out is said before anything is connected.
        while found != [Some(expected[0]), Some(expected[1]), Some(1)] {
            assert!(running.0.try_wait().unwrap().is_none(), "{extra:?}: {}", said());
            assert!(begin.elapsed() < LONGEST, "{extra:?}: {found:?}, {}", said());
            std::thread::sleep(Duration::from_millis(20));
            found = ["system:capture_1", "system:capture_2", "system:playback_2"].map(ours);
        }
        let is_left_out = said().contains("not connected automatically");
        assert_eq!(is_left_out, extra == ["--no-input"], "{}", said());
        // It is slow to end where a client went before it.
        drop(server);
    }
}
