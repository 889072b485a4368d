//! What ends a training early, and what does not.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use support::desk::{Desk, RATE, good, played};
use support::wav;

/// A training that never ends by itself.
fn endless(desk: &Desk) -> Command {
    wav(&desk.path("input.wav"), &good(), RATE);
    wav(&desk.path("target.wav"), &played(&good()), RATE);
    desk.pair_config();
    let text = std::fs::read_to_string(desk.path("c.yaml")).unwrap();
    desk.config(&text.replace("steps: 2", "steps: 1000000000, checkpoint_seconds: 0.1"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_trainer"));
    command.current_dir(desk.folder.path()).args(["--config", "c.yaml"]);
    command
}

/// Sends it `signal` after its first checkpoint, and sees that it leaves a model.
fn exports(desk: &Desk, mut child: Child, signal: libc::c_int) {
    let begun = std::time::Instant::now();
    while !desk.path("run/last.safetensors").exists() {
        assert!(begun.elapsed().as_secs() < 120, "training did not begin");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    send(&child, signal);
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
    assert!(desk.path("run/run.onnx").exists());
}

fn send(child: &Child, signal: libc::c_int) {
    let process = libc::pid_t::try_from(child.id()).unwrap();
    // SAFETY: `kill` takes two numbers; the process is our child and not waited for yet, so that its
    // number belongs to no other.
    assert_eq!(unsafe { libc::kill(process, signal) }, 0);
}

#[test]
fn who_is_asked_to_stop_still_exports() {
    // Ctrl-C, `kill`, a terminal that is closed.
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let desk = Desk::new();
        let child = endless(&desk).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        exports(&desk, child, signal);
    }
}

#[test]
fn a_training_goes_on_when_nobody_reads_any_more() {
    let desk = Desk::new();
    let mut child = endless(&desk).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    exports(&desk, child, libc::SIGINT);
}

#[test]
fn what_is_lost_on_a_full_disk_is_an_error() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        println!("  skipped: there is no /dev/full");
        return;
    };
    let desk = Desk::new();
    wav(&desk.path("one.wav"), &good(), RATE);
    let program = env!("CARGO_BIN_EXE_trainer");
    let mut command = Command::new(program);
    command.current_dir(desk.folder.path()).args(["reference", "one.wav"]).stdout(full);
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("standard output"), "{text}");
}

#[test]
fn a_second_ctrl_c_ends_a_step_that_would_take_for_ever() {
    let desk = Desk::new();
    wav(&desk.path("input.wav"), &good(), RATE);
    wav(&desk.path("target.wav"), &played(&good()), RATE);
    desk.pair_config();
    let text = std::fs::read_to_string(desk.path("c.yaml")).unwrap();
    let text =
        text.replace("batch: 1, segment_samples: 100", "batch: 1024, segment_samples: 90000, workers: 1");
    desk.config(&text.replace("{ seed: { channels: 2, blocks: 2 } }", "nam_standard"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_trainer"))
        .current_dir(desk.folder.path())
        .args(["--config", "c.yaml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let wait_for = |words: &str, stream: &mut dyn Read| {
        let lines = BufReader::new(stream).lines().map(Result::unwrap);
        assert!({ lines }.any(|line| line.contains(words)), "`{words}` was not said");
    };
    wait_for("gradients: ", child.stdout.as_mut().unwrap());
    send(&child, libc::SIGINT);
    let mut errors = child.stderr.take().unwrap();
    wait_for("press Ctrl-C again", &mut errors);
    send(&child, libc::SIGINT);
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130), "{status}");
    let mut said = String::new();
    errors.read_to_string(&mut said).unwrap();
    // There is no checkpoint yet that one could go on after.
    assert!(said.contains("without a model") && !said.contains("--resume"), "{said}");
    assert!(!desk.path("run/run.onnx").exists());
}
