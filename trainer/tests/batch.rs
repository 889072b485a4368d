//! A list of captures comes to its end, whatever happens on the way.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::toy::{timeless, toy};
use tempfile::{TempDir, tempdir};
use trainer::TrainerError;
use trainer::batch::{self, Item, Record, Shard, Status, Tally};
use trainer::config::{Config, Data};
use trainer::folder::RunFolder;
use trainer::progress::Progress;
use trainer::session::{self, Begin, Finished};

const RATE: u32 = 8_000;

/// A folder with recordings `a` to `c`, which share an input.
fn desk() -> TempDir {
    let desk = tempdir().unwrap();
    let pair = toy(3 * RATE as usize, 1);
    support::wav(&desk.path().join("input.wav"), &pair.input, RATE);
    for (i, name) in ["a", "b", "c"].into_iter().enumerate() {
        let target: Vec<f32> = pair.target.iter().map(|t| t * (1.0 - 0.2 * i as f32)).collect();
        support::wav(&desk.path().join(format!("{name}.wav")), &target, RATE);
    }
    desk
}

/// What the captures of a test share.
const SHARED: &str = "model: { seed: { channels: 2, blocks: 2 } }\n\
    train: { steps: 4, batch: 1, segment_samples: 100, device: cpu, workers: 1 }\n\
    data: { pair: { validation_seconds: 1 } }\n\
    card: { author: me, licence: MIT }\n";

fn write(desk: &TempDir, batch: &str) -> PathBuf {
    let path = desk.path().join("batch.yaml");
    let text = format!("{SHARED}out: {}/runs\nbatch:{batch}", desk.path().display());
    std::fs::write(&path, text.replace("DESK", &desk.path().display().to_string())).unwrap();
    path
}

fn items(desk: &TempDir, batch: &str) -> Result<Vec<Item>, TrainerError> {
    batch::items(&write(desk, batch), &desk.path().join("runs"))
}

const LIST: &str = "\n  - { name: a, input: DESK/input.wav, target: DESK/a.wav }\
    \n  - { name: b, input: DESK/input.wav, target: DESK/b.wav, gear: pedal, train: { steps: 5 }, model: nam_standard }\
    \n  - { name: 5150, input: DESK/input.wav, target: DESK/c.wav, data: { pair: { validation_seconds: 1.5 } } }\n";

#[test]
fn items_share_what_they_do_not_say_themselves() {
    let desk = desk();
    let items = items(&desk, LIST).unwrap();
    let names: Vec<_> = items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "5150"]);
    let text = |item: &Item| Arc::clone(&item.config.origin.text);
    assert!(text(&items[0]).starts_with(SHARED), "{}", text(&items[0]));
    assert!(items.iter().all(|item| Arc::ptr_eq(&text(item), &text(&items[0]))), "one text for all");
    let [a, b, c] = [0, 1, 2].map(|i| &items[i].config);
    assert_eq!((a.train.steps, b.train.steps, c.train.steps), (4, 5, 4));
    assert_eq!((a.train.batch, b.train.batch), (1, 1));
    assert_eq!((a.card.name.as_str(), c.card.name.as_str(), b.card.gear.as_str()), ("a", "5150", "pedal"));
    assert_eq!((a.card.author.as_str(), a.card.gear.as_str()), ("me", ""));
    assert_eq!(b.model, trainer::config::Network::NamStandard);
    let seconds = [a, b, c].map(|config| match &config.data {
        Data::Pair(files) => {
            assert_eq!(files.input, desk.path().join("input.wav"));
            files.validation_seconds
        }
        Data::Knobs(_) | Data::Virtual(_) => panic!(),
    });
    assert_eq!(seconds, [1.0, 1.0, 1.5].map(Some));
    assert_eq!(c.out, desk.path().join("runs/5150"));
    assert_ne!(items[0].settings(), items[1].settings());
}

#[test]
fn tables_and_folders_are_lists_too() {
    let desk = desk();
    let table = "name,input,target,gear,train.steps,card.input_level_dbu\n\
                 lead,input.wav,a.wav,\"pedal, old\",7,12.5\n12,input.wav,b.wav,,,\n";
    std::fs::write(desk.path().join("list.csv"), table).unwrap();
    let list = items(&desk, " { csv: DESK/list.csv }\n").unwrap();
    assert_eq!((list[0].name.as_str(), list[1].name.as_str()), ("lead", "12"));
    let [lead, other] = [0, 1].map(|i| &list[i].config);
    assert_eq!((lead.card.gear.as_str(), lead.train.steps), ("pedal, old", 7));
    assert_eq!((lead.card.input_level_dbu, other.card.input_level_dbu), (Some(12.5), None));
    assert_eq!((other.card.gear.as_str(), other.train.steps), ("", 4));
    let Data::Pair(files) = &other.data else { panic!() };
    assert_eq!(files.target, desk.path().join("b.wav"));

    let list = items(&desk, " { folder: DESK, input: input.wav, target: \"{name}.wav\" }\n").unwrap();
    let names: Vec<_> = list.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn a_list_that_cannot_be_meant_is_refused_before_anything_is_trained() {
    let desk = desk();
    let one = |keys: &str| format!("\n  - {{ name: a, input: i.wav, target: t.wav, {keys} }}\n");
    let (two, nameless) =
        (LIST.replace("name: b", "name: A"), "\n  - { input: i.wav, target: t.wav }\n".into());
    let cases = [
        (two, vec!["two captures", "`A`"]),
        (nameless, vec!["capture 1", "`name`"]),
        (one("name: ../a"), vec!["`../a`"]),
        (one("train: { stepz: 3 }"), vec!["capture `a`", "stepz"]),
        (one("train: { steps: 0 }"), vec!["capture `a`", "0 is impossible"]),
        (one("out: elsewhere"), vec!["capture `a`", "runs/a", "leave its `out` out"]),
        (one("gaer: pedal"), vec!["capture `a`", "gaer"]),
        ("\n  - { name: a, input: i.wav }\n".into(), vec!["capture `a`", "belong together"]),
        (" []\n".into(), vec!["0 captures"]),
        (" { csv: DESK/none.csv }\n".into(), vec!["none.csv"]),
        (" { folder: DESK, input: input.wav, target: x.wav }\n".into(), vec!["{name}"]),
        (
            " { folder: DESK, input: input.wav, target: \"{name}.flac\" }\n".into(),
            vec!["no file", "{name}.flac"],
        ),
        (" { folder: DESK, pattern: x }\n".into(), vec!["pattern"]),
    ];
    for (batch, words) in cases {
        let error = items(
            &desk,
            &batch.replace("name: a, input: i.wav, target: t.wav, name", "input: i.wav, target: t.wav, name"),
        );
        let error = error.unwrap_err().to_string();
        for word in words.into_iter().chain(["batch"]) {
            assert!(
                error.contains(word) || word == "batch" && error.contains("none.csv"),
                "`{word}`: {error}"
            );
        }
    }
    // What all share is refused with its line.
    let path = write(&desk, LIST);
    let text = std::fs::read_to_string(&path).unwrap().replace("batch: 1", "batch: none");
    std::fs::write(&path, text).unwrap();
    let error = batch::items(&path, desk.path()).unwrap_err().to_string();
    assert!(error.contains("batch.yaml:2:"), "{error}");
}

/// Trains as the command does, and keeps what began how.
fn run(
    desk: &TempDir,
    items: &[Item],
    shard: &str,
    stop: &AtomicBool,
    train: &dyn Fn(&Config, Begin) -> Result<Finished, TrainerError>,
) -> (Tally, Vec<(String, Begin)>) {
    let begun = RefCell::new(Vec::new());
    let shard: Shard = shard.parse().unwrap();
    let mut train = |config: &Config, begin| {
        begun.borrow_mut().push((config.card.name.clone(), begin));
        train(config, begin)
    };
    let folder = desk.path().join("runs");
    let tally = batch::run(items, shard, &folder, false, stop, &|_| {}, &mut train).unwrap();
    (tally, begun.into_inner())
}

fn session(config: &Config, begin: Begin) -> Result<Finished, TrainerError> {
    session::run(config, begin, &AtomicBool::new(false), &mut Progress::silent(), &|_| {})
}

fn summary(desk: &TempDir) -> Vec<String> {
    let text = std::fs::read_to_string(desk.path().join("runs/summary.csv")).unwrap();
    text.lines().skip(1).map(|line| line.split(',').take(2).collect::<Vec<_>>().join(" ")).collect()
}

const THREE: &str = "\n  - { name: a, input: DESK/input.wav, target: DESK/a.wav }\
    \n  - { name: b, input: DESK/input.wav, target: DESK/missing.wav }\
    \n  - { name: c, input: DESK/input.wav, target: DESK/c.wav }\n";

#[test]
fn what_fails_stops_nothing_else_and_what_is_finished_is_left_alone() {
    let desk = desk();
    let items = items(&desk, THREE).unwrap();
    let never = AtomicBool::new(false);
    let (tally, begun) = run(&desk, &items, "0/1", &never, &session);
    assert_eq!(tally, Tally { items: 3, finished: 2, failed: 1 });
    assert_eq!(begun.len(), 3);
    assert_eq!(summary(&desk), ["a finished", "b failed", "c finished"]);
    let text = std::fs::read_to_string(desk.path().join("runs/summary.csv")).unwrap();
    assert!(text.contains("missing.wav") && text.contains("c/c.onnx"), "{text}");
    let record = Record::load(&desk.path().join("runs/c")).unwrap();
    let model = shared::model::Model::load(&desk.path().join("runs/c/c.onnx")).unwrap();
    assert_eq!((record.steps, record.weights), (Some(4), model.weight_count()));
    assert!((record.esr.unwrap() - model.card.esr.unwrap()).abs() < 1e-4, "{record:?}");
    // Only what failed is tried again; now it is there.
    std::fs::copy(desk.path().join("b.wav"), desk.path().join("missing.wav")).unwrap();
    let (tally, begun) = run(&desk, &items, "0/1", &never, &session);
    assert_eq!(tally, Tally { items: 3, finished: 3, failed: 0 });
    assert_eq!(begun, [("b".to_owned(), Begin::Fresh)]);
    assert_eq!(summary(&desk), ["a finished", "b finished", "c finished"]);
}

#[test]
fn what_was_stopped_is_gone_on_with() {
    let desk = desk();
    let items = items(&desk, LIST.replace("model: nam_standard", "nam: false").as_str()).unwrap();
    let stop = AtomicBool::new(false);
    // The second capture is stopped during its first steps, as by Ctrl-C; the third never begins.
    let stopped = |config: &Config, begin| {
        if config.card.name != "b" {
            return session(config, begin);
        }
        let mut first = config.clone();
        first.train.steps = 2;
        session(&first, begin)?;
        stop.store(true, Ordering::Relaxed);
        session::run(config, Begin::Resume, &stop, &mut Progress::silent(), &|_| {})
    };
    let (tally, begun) = run(&desk, &items, "0/1", &stop, &stopped);
    assert_eq!((tally, begun.len()), (Tally { items: 3, finished: 1, failed: 0 }, 2));
    assert_eq!(summary(&desk), ["a finished", "b interrupted", "5150 waiting"]);
    stop.store(false, Ordering::Relaxed);
    let (tally, begun) = run(&desk, &items, "0/1", &stop, &session);
    assert_eq!(tally.finished, 3);
    assert_eq!(begun, [("b".to_owned(), Begin::Resume), ("5150".to_owned(), Begin::Fresh)]);
    assert_eq!(timeless(&desk.path().join("runs/b")).state.step, 5);
}

#[test]
fn shards_come_together_in_one_summary() {
    let desk = desk();
    let items = items(&desk, &THREE.replace("missing", "b")).unwrap();
    let never = AtomicBool::new(false);
    let (tally, begun) = run(&desk, &items, "1/2", &never, &session);
    assert_eq!((tally.items, tally.finished), (1, 1));
    assert_eq!(begun, [("b".to_owned(), Begin::Fresh)]);
    assert_eq!(summary(&desk), ["a waiting", "b finished", "c waiting"]);
    assert_eq!(run(&desk, &items, "0/2", &never, &session).0.finished, 2);
    assert_eq!(summary(&desk), ["a finished", "b finished", "c finished"]);
    assert_eq!(Record::load(&desk.path().join("runs/a")).unwrap().status, Status::Finished);
    // Without shards, the same list has nothing left to do.
    assert!(run(&desk, &items, "0/1", &never, &session).1.is_empty());
}

#[test]
fn a_folder_that_cannot_be_is_one_failure_among_the_others() {
    let desk = desk();
    let items = items(&desk, &THREE.replace("missing", "b")).unwrap();
    std::fs::create_dir_all(desk.path().join("runs")).unwrap();
    std::fs::write(desk.path().join("runs/a"), "no folder").unwrap();
    let (tally, begun) = run(&desk, &items, "0/1", &AtomicBool::new(false), &session);
    assert_eq!((tally, begun.len()), (Tally { items: 3, finished: 2, failed: 1 }, 3));
    assert_eq!(summary(&desk), ["a failed", "b finished", "c finished"]);
    let text = std::fs::read_to_string(desk.path().join("runs/summary.csv")).unwrap();
    assert!(text.contains("runs/a"), "{text}");
}

#[test]
fn a_table_of_somebody_elses_is_not_replaced() {
    let desk = desk();
    let items = items(&desk, ONE).unwrap();
    let (folder, never) = (desk.path().join("runs"), AtomicBool::new(false));
    let table = folder.join("summary.csv");
    std::fs::create_dir_all(&folder).unwrap();
    for text in ["", "date,hours\nMonday,3\n"] {
        std::fs::write(&table, text).unwrap();
        let mut train = |_: &Config, _| -> Result<Finished, TrainerError> { panic!("it is known before") };
        let error = batch::run(&items, Shard::ALL, &folder, true, &never, &|_| {}, &mut train);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("summary.csv") && error.contains("choose another folder"), "{error}");
        assert_eq!(std::fs::read_to_string(&table).unwrap(), text);
    }
    std::fs::remove_file(&table).unwrap();
    for _ in 0..2 {
        assert_eq!(run(&desk, &items, "0/1", &never, &session).0.finished, 1);
    }
}

#[test]
fn what_another_run_is_at_is_left_to_it() {
    let desk = desk();
    let items = items(&desk, &THREE.replace("missing", "b")).unwrap();
    let never = AtomicBool::new(false);
    let other = RunFolder::open(&desk.path().join("runs/b"), &|_| {}).unwrap();
    let (tally, _) = run(&desk, &items, "0/1", &never, &session);
    assert_eq!(tally, Tally { items: 3, finished: 2, failed: 0 });
    assert_eq!(summary(&desk), ["a finished", "b waiting", "c finished"]);
    drop(other);
    assert_eq!(run(&desk, &items, "0/1", &never, &session).0.finished, 3);
}

const ONE: &str = "\n  - { name: a, input: DESK/input.wav, target: DESK/a.wav }\n";

#[test]
fn finished_is_what_has_its_files() {
    let desk = desk();
    let mut items = items(&desk, ONE).unwrap();
    let never = AtomicBool::new(false);
    run(&desk, &items, "0/1", &never, &session);
    let model = desk.path().join("runs/a/a.onnx");
    let load = || shared::model::Model::load(&model).unwrap();
    let first = load();
    // The checkpoint writes it again; without one it is trained again.
    for (checkpoints, how) in [(true, Begin::Resume), (false, Begin::Overwrite)] {
        std::fs::remove_file(&model).unwrap();
        if !checkpoints {
            std::fs::remove_file(desk.path().join("runs/a/last.safetensors")).unwrap();
        }
        let (tally, begun) = run(&desk, &items, "0/1", &never, &session);
        assert_eq!((tally.finished, begun), (1, vec![("a".to_owned(), how)]));
        assert_eq!(load(), first);
    }
    items[0].config.nam = true;
    assert_eq!(run(&desk, &items, "0/1", &never, &session).1.len(), 1);
    assert!(desk.path().join("runs/a/a.nam").exists());
    assert!(run(&desk, &items, "0/1", &never, &session).1.is_empty());
}

#[test]
fn what_is_trained_anew_is_not_finished_until_it_is() {
    let desk = desk();
    let items = items(&desk, ONE).unwrap();
    let never = AtomicBool::new(false);
    run(&desk, &items, "0/1", &never, &session);
    let folder = desk.path().join("runs");
    let mut killed = |config: &Config, _| -> Result<Finished, TrainerError> {
        assert_eq!(Record::load(&config.out), None, "a process that is killed here leaves this behind");
        Err(TrainerError::Setting("killed".into()))
    };
    batch::run(&items, Shard::ALL, &folder, true, &never, &|_| {}, &mut killed).unwrap();
    assert_eq!(run(&desk, &items, "0/1", &never, &session).1.len(), 1);
}

#[test]
fn options_are_settings_too() {
    let desk = desk();
    let mut items = items(&desk, ONE).unwrap();
    let before = items[0].settings();
    // Neither where it lies nor what computes it makes another model.
    items[0].config.train.workers = Some(7);
    items[0].config.out = desk.path().join("elsewhere");
    items[0].config.origin.command = "trainer --workers 7".into();
    assert_eq!(items[0].settings(), before);
    items[0].config.train.from = Some(desk.path().join("other.onnx"));
    assert_ne!(items[0].settings(), before);
}

fn command(desk: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trainer"));
    command.current_dir(desk).args(["--config", "batch.yaml"]).args(args).output().unwrap()
}

#[test]
fn the_command_ends_with_1_as_long_as_a_capture_has_no_model() {
    let desk = desk();
    write(&desk, THREE);
    let output = command(desk.path(), &["--shard", "1/3"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("1 of 1 captures have no model, 1 of them failed"), "{error}");
    let output = command(desk.path(), &["--shard", "0/3", "--nam"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(desk.path().join("runs/a/a.nam").exists());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in ["[1/3] a: finished, held-out ESR", "1 of 3 finished", "summary.csv"] {
        assert!(said.contains(words), "`{words}`: {said}");
    }
    for (args, words) in [(["--shard", "3/3"], "0/3 to 2/3"), (["--name", "x"], "`--name`")] {
        let output = command(desk.path(), &args);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(words), "{error}");
    }
}
