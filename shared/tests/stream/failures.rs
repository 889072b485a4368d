//! What goes wrong on the way leaves one clear error and no half file.

use crate::support::{RATE, cheap_chain, folder, go_on, names, noise, written};
use shared::chain::processors::Function;
use shared::chain::{Chain, Processor};
use shared::stream::{Options, Progress, StreamError, StreamProcessor};
use std::path::Path;

fn process(input: &Path, output: &Path) -> Result<(), StreamError> {
    let mut processor = StreamProcessor::new(cheap_chain(), Options::default());
    processor.process_file(input, output, &mut go_on).map(drop)
}

/// One line that names the file.
fn is_clear(error: &StreamError, name: &str) -> bool {
    let text = error.to_string();
    text.contains(name) && text.lines().count() == 1
}

#[test]
fn half_way_cancelled_nothing_is_left() {
    let folder = folder();
    let input = written(folder.path(), "in.wav", &[noise(300_000, 1)], RATE);
    let output = folder.path().join("out.wav");
    let mut half = |progress: Progress| progress.done < 150_000;
    let mut processor = StreamProcessor::new(cheap_chain(), Options::default());
    let error = processor.process_file(&input, &output, &mut half).unwrap_err();
    assert!(matches!(error, StreamError::Cancelled { .. }) && is_clear(&error, "in.wav"), "{error}");
    assert_eq!(names(folder.path()), ["in.wav"]);
    // What was there before stays.
    std::fs::write(&output, b"earlier").unwrap();
    assert!(processor.process_file(&input, &output, &mut half).is_err());
    assert_eq!(std::fs::read(&output).unwrap(), b"earlier");
    processor.process_file(&input, &output, &mut go_on).unwrap();
    assert_eq!(names(folder.path()), ["in.wav", "out.wav"]);
    assert!(std::fs::metadata(&output).unwrap().len() > 1_200_000);
}

#[test]
fn a_processor_that_panics_leaves_nothing() {
    let folder = folder();
    let input = written(folder.path(), "in.wav", &[noise(100_000, 1)], RATE);
    let output = folder.path().join("out.wav");
    let mut blocks = 0;
    let breaks = Function::new("breaks", 0, move |_: &mut [f32]| {
        blocks += 1;
        assert!(blocks < 50, "as it was made to");
    });
    let mut processor = StreamProcessor::new(Chain::new(vec![Box::new(breaks)]).unwrap(), Options::default());
    let run = std::panic::AssertUnwindSafe(|| processor.process_file(&input, &output, &mut go_on));
    assert!(std::panic::catch_unwind(run).is_err());
    assert_eq!(names(folder.path()), ["in.wav"]);
}

#[test]
fn what_is_no_number_is_not_written() {
    let folder = folder();
    let input = written(folder.path(), "in.wav", &[noise(5_000, 1)], RATE);
    let output = folder.path().join("out.wav");
    let mut at = 0;
    let breaks = move |block: &mut [f32]| {
        if (at..at + block.len()).contains(&3_210) {
            block[3_210 - at] = f32::NAN;
        }
        at += block.len();
    };
    let breaks: Box<dyn Processor> = Box::new(Function::new("breaks", 0, breaks));
    let mut processor = StreamProcessor::new(Chain::new(vec![breaks]).unwrap(), Options::default());
    let error = processor.process_file(&input, &output, &mut go_on).unwrap_err();
    assert!(is_clear(&error, "in.wav") && error.to_string().contains("NaN of sample 3210"), "{error}");
    assert_eq!(names(folder.path()), ["in.wav"]);
}

#[test]
fn a_file_that_ends_too_early_leaves_no_result() {
    let folder = folder();
    let input = written(folder.path(), "in.wav", &[noise(100_000, 1)], RATE);
    let bytes = std::fs::read(&input).unwrap();
    std::fs::write(&input, &bytes[..300_000]).unwrap();
    let error = process(&input, &folder.path().join("out.wav")).unwrap_err();
    assert!(is_clear(&error, "in.wav") && error.to_string().contains("cut short"), "{error}");
    assert_eq!(names(folder.path()), ["in.wav"]);
}

#[test]
fn folders_that_cannot_be_written_are_named() {
    let folder = folder();
    let input = written(folder.path(), "in.wav", &[noise(1_000, 1)], RATE);
    // A folder that is missing, and one that is a file.
    for output in [folder.path().join("no/such/out.wav"), input.join("out.wav")] {
        let error = process(&input, &output).unwrap_err();
        assert!(is_clear(&error, "out.wav"), "{error}");
    }
    // Nobody can write there, not even root.
    if cfg!(target_os = "linux") {
        let error = process(&input, Path::new("/proc/out.wav")).unwrap_err();
        assert!(
            is_clear(&error, "/proc/out.wav") && error.to_string().contains("cannot write into"),
            "{error}"
        );
    }
    let error = process(&folder.path().join("none.wav"), &folder.path().join("out.wav")).unwrap_err();
    assert!(is_clear(&error, "none.wav"), "{error}");
    let error = process(&input, folder.path()).unwrap_err();
    assert!(is_clear(&error, "folder"), "{error}");
    assert_eq!(names(folder.path()), ["in.wav"]);
}

#[test]
fn a_result_beyond_4_gib_is_refused_before_it_is_begun() {
    let folder = folder();
    let input = written(folder.path(), "in.wav", &[noise(48_000 * 30, 1)], 8_000);
    // Three minutes, 768 kHz and 64 channels: 35 GB.
    let options = Options { sample_rate_hz: Some(768_000), channels: Some(64), ..Options::default() };
    let mut processor = StreamProcessor::new(Chain::new(Vec::new()).unwrap(), options);
    let error = processor.process_file(&input, &folder.path().join("out.wav"), &mut |_| false).unwrap_err();
    assert!(is_clear(&error, "out.wav") && error.to_string().contains("4 GiB"), "{error}");
    assert_eq!(names(folder.path()), ["in.wav"]);
}

#[test]
fn chunks_of_nothing_are_refused() {
    let folder = folder();
    let input = written(folder.path(), "in.wav", &[noise(100, 1)], RATE);
    let options = Options { chunk_samples: Some(0), ..Options::default() };
    let mut processor = StreamProcessor::new(cheap_chain(), options);
    let error = processor.process_chunks(&input).err().unwrap();
    assert!(is_clear(&error, "in.wav") && error.to_string().contains("at least 1"), "{error}");
}

#[cfg(unix)]
mod processes {
    use super::*;
    use std::io::{BufRead, BufReader, Read};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    /// Where a child of this test works.
    const FOLDER: &str = "TONEWRIGHT_TEST_FOLDER";

    /// What a child says when it is half-way.
    const HALF_WAY: &str = "half-way";

    /// This test again, in a process of its own, that `command` begins.
    fn child(command: &str, arguments: &[&str], test: &str, folder: &Path) -> Command {
        let mut child = Command::new(command);
        child.args(arguments).args(["--exact", &format!("failures::processes::{test}"), "--nocapture"]);
        child.env(FOLDER, folder).stdout(Stdio::piped());
        child
    }

    fn this() -> String {
        std::env::current_exe().unwrap().to_str().unwrap().to_owned()
    }

    fn given_folder() -> Option<std::path::PathBuf> {
        std::env::var_os(FOLDER).map(Into::into)
    }

    #[test]
    fn half_way_killed_there_is_no_result() {
        if let Some(folder) = given_folder() {
            let mut processor = StreamProcessor::new(cheap_chain(), Options::default());
            let mut wait = |progress: Progress| {
                if progress.done > 150_000 {
                    println!("{HALF_WAY}");
                    std::thread::sleep(std::time::Duration::from_secs(600));
                }
                true
            };
            let _ = processor.process_file(&folder.join("in.wav"), &folder.join("out.wav"), &mut wait);
            return;
        }
        let folder = folder();
        written(folder.path(), "in.wav", &[noise(300_000, 1)], RATE);
        let mut child =
            child(&this(), &[], "half_way_killed_there_is_no_result", folder.path()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains(HALF_WAY)));
        child.kill().unwrap();
        child.wait().unwrap();
        let left = names(folder.path());
        assert!(!left.contains(&"out.wav".to_owned()));
        if nameless_files(folder.path()) {
            assert_eq!(left, ["in.wav"]);
        } else {
            println!("this system has no files without names: {left:?} may be left");
        }
    }

    /// Whether there can be files without a name here.
    fn nameless_files(folder: &Path) -> bool {
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::fs::OpenOptionsExt;
            let mut options = std::fs::OpenOptions::new();
            options.write(true).custom_flags(libc::O_TMPFILE).open(folder).is_ok()
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = folder;
            false
        }
    }

    /// Writes more than there is room for, and looks at what is left of it.
    fn overfill(folder: &Path, input: &Path) {
        let error = process(input, &folder.join("out.wav")).unwrap_err();
        assert!(is_clear(&error, "out.wav"), "{error}");
        assert!(names(folder).iter().all(|name| name == "in.wav"), "{:?}", names(folder));
        println!("refused: {error}");
    }

    fn output_of(mut child: Command) -> (bool, String) {
        let mut child = child.spawn().unwrap();
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        (child.wait().unwrap().success(), text)
    }

    #[test]
    fn a_file_that_may_not_grow_is_one_clear_error() {
        if let Some(folder) = given_folder() {
            return overfill(&folder, &folder.join("in.wav"));
        }
        let folder = folder();
        written(folder.path(), "in.wav", &[noise(300_000, 1)], RATE);
        let mut child = child(&this(), &[], "a_file_that_may_not_grow_is_one_clear_error", folder.path());
        let limit = || {
            let most = libc::rlimit { rlim_cur: 200_000, rlim_max: 200_000 };
            // SAFETY: both calls may be made between fork and exec, and the limit outlives its call.
            let done = unsafe {
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
                libc::setrlimit(libc::RLIMIT_FSIZE, &most)
            };
            if done == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
        };
        // SAFETY: what runs between fork and exec only makes two system calls.
        unsafe { child.pre_exec(limit) };
        let (success, text) = output_of(child);
        assert!(success && text.contains("refused: ") && text.contains("File too large"), "{text}");
    }

    #[test]
    fn a_full_disk_is_one_clear_error() {
        if let Some(folder) = given_folder() {
            let disk = folder.join("disk");
            overfill(&disk, &folder.join("in.wav"));
            return;
        }
        let folder = folder();
        written(folder.path(), "in.wav", &[noise(300_000, 1)], RATE);
        std::fs::create_dir(folder.path().join("disk")).unwrap();
        // A disk of 200 kB that only the child sees.
        let script = "mount -t tmpfs -o size=200k tmpfs \"$TONEWRIGHT_TEST_FOLDER/disk\" || exit 77; exec \"$0\" \"$@\"";
        let arguments = ["--user", "--map-root-user", "--mount", "sh", "-c", script, &this()];
        let test = "a_full_disk_is_one_clear_error";
        let mut mounts = Command::new("unshare");
        let mounts = mounts.args(["--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs"]);
        if !mounts.arg(folder.path().join("disk")).output().is_ok_and(|done| done.status.success()) {
            println!("skipped: nobody may mount a small disk here");
            return;
        }
        let (success, text) = output_of(child("unshare", &arguments, test, folder.path()));
        assert!(success && text.contains("refused: ") && text.contains("No space left"), "{text}");
        assert_eq!(names(folder.path()), ["disk", "in.wav"]);
    }
}
