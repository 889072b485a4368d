//! Tests that need a process of their own: for what is set in its environment, or for what they leave behind.

use std::ffi::OsStr;
use std::process::Command;

/// Tells a process that it is the one for a test.
const TEST: &str = "TONEWRIGHT_TEST_ALONE";

/// Says whether this is the process for `test`, named with its modules.
pub fn is_it(test: &str) -> bool {
    std::env::var_os(TEST).is_some_and(|alone| alone == test)
}

/// The same; where it is not, that process is run with `variables` in its environment, and this test is done.
///
/// # Panics
/// The test fails there.
pub fn is_here(test: &str, variables: &[(&str, &OsStr)]) -> bool {
    if is_it(test) {
        return true;
    }
    let own = std::env::current_exe().unwrap_or_else(|error| panic!("this test cannot be found: {error}"));
    let done = Command::new(own)
        .args(["--exact", test, "--nocapture", "--test-threads", "1"])
        .env(TEST, test)
        .envs(variables.iter().copied())
        .output();
    let done = done.unwrap_or_else(|error| panic!("{test} cannot be started: {error}"));
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{test}: {}\n{out}\n{err}", done.status);
    assert!(out.contains("1 passed"), "there is no test called {test}\n{out}");
    out.lines().filter(|line| line.starts_with("  ")).for_each(|line| println!("{line}"));
    false
}

/// The same, with the plugin's log thrown away: a test that has thousands of things refused says so in thousands of lines.
///
/// # Panics
/// The test fails there.
pub fn is_quiet(test: &str) -> bool {
    is_here(test, &[("NICE_LOG", OsStr::new("/dev/null"))])
}
