//! What all the programs of a test run came to.

use std::fmt;

/// Reads along with `cargo test`.
#[derive(Debug, Default)]
pub(super) struct Tally {
    programs: Vec<Program>,
}

/// What ran, as Cargo calls it.
#[derive(Debug)]
struct Program {
    name: String,
    /// What it lists as failed, while it does.
    listed: Option<Vec<String>>,
    /// None that it has given yet, or ever will if it has crashed.
    result: Option<Outcome>,
}

#[derive(Debug, Default)]
struct Outcome {
    passed: usize,
    failed: usize,
    /// By name.
    faults: Vec<String>,
}

impl Tally {
    /// Reads a line of what Cargo and its programs print.
    pub fn add(&mut self, line: &str) {
        if let Some(name) = begun(line) {
            self.programs.push(Program { name, listed: None, result: None });
            return;
        }
        let Some(program) = self.programs.last_mut() else { return };
        if let Some(counts) = line.strip_prefix("test result: ") {
            program.end(counts);
        } else if line == "failures:" {
            program.listed = Some(Vec::new());
        } else if let Some(listed) = &mut program.listed {
            match line.strip_prefix("    ") {
                Some(test) => listed.push(test.to_owned()),
                // What the failed tests printed comes under the same title.
                None if !line.is_empty() => program.listed = None,
                None => {}
            }
        }
    }
}

impl Program {
    /// Takes over a result such as `ok. 12 passed; 0 failed; …`.
    fn end(&mut self, counts: &str) {
        let count = |what| {
            let words = counts.split_once(what)?.0;
            words.split_whitespace().last()?.parse().ok()
        };
        let (passed, failed) = (count(" passed").unwrap_or(0), count(" failed").unwrap_or(0));
        let faults = self.listed.take().filter(|_| failed > 0).unwrap_or_default();
        // A failed test may have printed the result of a process of its own, and the program's comes last. The examples of
        // the documentation are run in two goes, each with a result.
        let before = self.result.take().filter(|_| self.name.starts_with(EXAMPLES)).unwrap_or_default();
        self.result = Some(Outcome {
            passed: before.passed + passed,
            failed: before.failed + failed,
            faults: before.faults.into_iter().chain(faults).collect(),
        });
    }
}

/// How Cargo calls the examples of a package's documentation.
const EXAMPLES: &str = "Doc-tests ";

/// The program that Cargo says it begins.
fn begun(line: &str) -> Option<String> {
    let line = line.trim_start();
    if line.starts_with(EXAMPLES) {
        return Some(line.to_owned());
    }
    let (source, file) = line.strip_prefix("Running ")?.split_once(" (")?;
    let file = file.strip_suffix(')')?.rsplit(['/', '\\']).next()?;
    // Behind the name stands a hash.
    let name = file.rsplit_once('-').map_or(file, |(name, _)| name);
    Some(format!("{name}, {source}"))
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Program { name, result, .. } in &self.programs {
            match result {
                Some(result) => {
                    result.faults.iter().try_for_each(|test| writeln!(f, "failed: {test} ({name})"))?;
                }
                None => writeln!(f, "failed: it ended without a result ({name})")?,
            }
        }
        let results = || self.programs.iter().filter_map(|program| program.result.as_ref());
        let (passed, failed) = (results().map(|r| r.passed), results().map(|r| r.failed));
        writeln!(f, "{} passed, {} failed", passed.sum::<usize>(), failed.sum::<usize>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> String {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.add(line));
        tally.to_string()
    }

    #[test]
    fn results_are_added_up_and_nothing_else() {
        let read = read(&[
            "     Running tests/states.rs (target/debug/deps/states-0a1b)",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test a_result_is_shown ... ok",
            "   Doc-tests shared",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
        ]);
        assert_eq!(read, "16 passed, 0 failed\n");
    }

    #[test]
    fn what_failed_is_named_with_its_program() {
        let read = read(&[
            "     Running unittests src/lib.rs (/t/debug/deps/tonewright-0a1b2c)",
            "test a::is_right ... FAILED",
            "",
            "failures:",
            "",
            "---- a::is_right stdout ----",
            "    left: 1",
            "failures:",
            "    no test, but what one printed",
            "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out",
            "thread 'a::is_right' panicked",
            "",
            "failures:",
            "    a::is_right",
            "    b",
            "",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            "     Running tests/clap.rs (target/debug/deps/clap-0a1b2c)",
            "failures:",
            "    was printed by a test that passes",
            "test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
        ]);
        let program = "(tonewright, unittests src/lib.rs)";
        assert_eq!(read, format!("failed: a::is_right {program}\nfailed: b {program}\n7 passed, 2 failed\n"));
    }

    #[test]
    fn a_program_that_crashes_is_named() {
        let read = read(&[
            "     Running tests/clap.rs (target/debug/deps/clap-0a1b2c)",
            "test a ... ok",
            "error: test failed, to rerun pass `-p tests --test clap`",
            "     Running tests/scan.rs (target/debug/deps/scan-0a1b2c)",
        ]);
        let ended = "failed: it ended without a result";
        assert_eq!(
            read,
            format!("{ended} (clap, tests/clap.rs)\n{ended} (scan, tests/scan.rs)\n0 passed, 0 failed\n")
        );
    }
}
