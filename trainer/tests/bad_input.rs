//! The program refuses bad input with one clear line, leaves what exists alone and never panics.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use std::path::Path;
use support::desk::{Desk, RATE, good, played};
use support::{noise, random_model, wav};

#[test]
fn good_input_is_taken() {
    let desk = Desk::new();
    wav(&desk.path("input.wav"), &good(), RATE);
    wav(&desk.path("target.wav"), &played(&good()), RATE);
    desk.pair_config();
    let output = desk.trainer(&["--config", "c.yaml"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
    for word in [
        "device: CPU (asked for)",
        "receptive field 7 samples",
        "held-out ESR",
        "parity: libtorch and native",
    ] {
        assert!(text.contains(word), "`{word}` is missing: {text}");
    }
    assert!(desk.path("run/run.onnx").exists());
}

#[test]
fn unusable_recordings() {
    let desk = Desk::new();
    let (input, target) = (desk.path("input.wav"), desk.path("target.wav"));
    desk.refuses_pair(&["input.wav", "No such file"]);
    wav(&input, &good(), RATE);
    let target_is = |samples: &[f32], rate| wav(&target, samples, rate);

    target_is(&[], RATE);
    desk.refuses_pair(&["target.wav", "no samples"]);
    std::fs::write(&target, b"").unwrap();
    desk.refuses_pair(&["target.wav", "not a usable audio file"]);
    std::fs::write(&target, b"ID3 this is an mp3").unwrap();
    desk.refuses_pair(&["target.wav", "not a usable audio file"]);
    std::fs::write(&target, &std::fs::read(&input).unwrap()[..5_000]).unwrap();
    desk.refuses_pair(&["target.wav", "cut short"]);
    target_is(&good(), 44_100);
    desk.refuses_pair(&["target.wav", "44100 Hz", "48000 Hz", "same rate"]);
    let mut nan = good();
    nan[77_000] = f32::NAN;
    target_is(&nan, RATE);
    desk.refuses_pair(&["target.wav", "77000", "NaN"]);
    let mut loud = good();
    (loud[77_000], loud[78_000]) = (-150.0, 32_768.0);
    target_is(&loud, RATE);
    desk.refuses_pair(&["target.wav", "sample 77000 of channel 1 is -150", "full scale"]);
    shared::audio::write_wav(&target, &[good(), good(), good()], RATE).unwrap();
    desk.refuses_pair(&["target.wav", "3 channels", "mono"]);
    target_is(&vec![0.0; 3 * RATE as usize], RATE);
    desk.refuses_pair(&["target.wav", "silence"]);
    target_is(&played(&good()).iter().map(|x| x - 0.37).collect::<Vec<_>>(), RATE);
    desk.refuses_pair(&["target.wav", "offset of -0.3"]);
    target_is(&played(&good()).iter().map(|x| (5.0 * x).clamp(-1.0, 1.0)).collect::<Vec<_>>(), RATE);
    desk.refuses_pair(&["target.wav", "clipped"]);
    let short = &good()[..20_000];
    wav(&input, short, RATE);
    target_is(&played(short), RATE);
    desk.refuses_pair(&["target.wav", "0.4 s", "at least 1 s"]);
    let barely = &good()[..70_000];
    wav(&input, barely, RATE);
    target_is(&played(barely), RATE);
    desk.refuses_pair(&["input.wav", "held out"]);
    let check = ["check", "--config", "c.yaml"];
    desk.refuses(&check, &["input.wav", "the last 1 s are held out", "`data.pair.validation_seconds`"]);
    let mut faded = played(&good());
    faded[RATE as usize..].fill(0.0);
    wav(&input, &good(), RATE);
    target_is(&faded, RATE);
    desk.refuses_pair(&["target.wav", "held out", "silence"]);
    desk.refuses(&check, &["target.wav", "held out", "silence"]);
}

#[test]
fn unusable_configs() {
    let desk = Desk::new();
    let refuses = |text: &str, words: &[&str]| {
        desk.config(text);
        desk.refuses(&["--config", "c.yaml"], words);
        assert!(!desk.path("run").exists());
    };
    desk.refuses(&["--config", "missing.yaml"], &["missing.yaml", "No such file"]);
    let data = "data: { virtual: { seconds: 2 } }\nout: run\n";
    refuses(
        &format!("model: nam_standard\n{data}trian:\n  steps: 3\n"),
        &["c.yaml:4:1", "trian", "`batch`", "`word_eq`"],
    );
    refuses(
        &format!("model: nam_standard\n{data}train:\n  learning_rat: 3\n"),
        &["c.yaml:5:3", "learning_rat"],
    );
    let trained = |train: &str| format!("model: nam_standard\n{data}train:\n  {train}\n");
    refuses(&trained("batch: 0"), &["c.yaml:5:10", "`batch`: 0 is impossible"]);
    refuses(&trained("learning_rate: .nan"), &["c.yaml:5:18", "`learning_rate`: NaN"]);
    refuses(&trained("batch: many"), &["c.yaml:5:10", "`batch`: a whole number"]);
    refuses(&format!("model: lstm\n{data}"), &["c.yaml:1:8", "lstm"]);
    refuses(&format!("model: {{ nam_a2: {{ channels: 100000 }} }}\n{data}"), &["c.yaml:1:", "100000"]);
    refuses(&format!("model: nam_standard\n{data}train: [\n"), &["c.yaml:"]);
    refuses(
        &format!("model: {{ nam_a2: {{ channels: 3, chanels: 8 }} }}\n{data}"),
        &["c.yaml:1:33", "chanels"],
    );
    refuses(
        &format!("model: {{ nam_a1: {{ channels: [4, 2], kernel: 8 }} }}\n{data}"),
        &["c.yaml:1:", "kernel"],
    );
    refuses(
        &format!(
            "model: nam_standard\n{data}train:\n  schedule: {{ cosine: {{ final_learning_rate: 1e-5, warmup: 3 }} }}\n"
        ),
        &["c.yaml:5:52", "warmup"],
    );
    refuses("model: nam_standard\nout: run\n", &["c.yaml:", "data"]);
    refuses(
        "model: nam_standard\ndata: { virtual: { held_out_drives: [2] } }\nout: run\n",
        &["c.yaml", "`data.virtual.held_out_drives` needs `drives`"],
    );
    for (data, key) in
        [("knobs: { table: a.csv }", "data.knobs"), ("virtual: { drives: [2, 5] }", "data.virtual.drives")]
    {
        let sizes = "model: { packed: [ { nam_a2: { channels: 3 } }, { nam_a2: { channels: 8 } } ] }";
        refuses(
            &format!("{sizes}\ndata: {{ {data} }}\nout: run\n"),
            &["c.yaml", "`model.packed`", &format!("`{key}`")],
        );
    }
    desk.config(&format!("model: nam_standard\n{data}"));
    for option in ["--ignore-checks", "--channel=left"] {
        desk.refuses(&["--config", "c.yaml", option], &["are for recordings", "leave them out"]);
    }
    refuses("", &["c.yaml"]);
    refuses(
        &format!("model: nam_standard\n{data}train: {{ loss: {{ plain_esr: 0, esr: 0 }} }}\n"),
        &["train.loss"],
    );
    refuses(
        &format!("model: {{ seed: {{ causal: false, kernel_size: 4 }} }}\n{data}"),
        &["model", "4 taps", "odd"],
    );
    std::fs::write(desk.path("c.yaml"), [0x66, 0xFF, 0xFE]).unwrap();
    desk.refuses(&["--config", "c.yaml"], &["c.yaml", "not a text file"]);
    // What a config is meant to be is told by its keys, and not where it is no YAML.
    refuses("model: nam_standard\nout: run\nbatch:\n", &["c.yaml: `batch`: a list, `csv` or `folder`"]);
    for kind in ["batch:\n- { name: a, input: [\n", "batch: [ }\n", "word_eq: [ }\n", "batch:\n\t- a\n"] {
        refuses(&format!("model: nam_standard\nout: run\n{kind}"), &["c.yaml:"]);
        let error = String::from_utf8_lossy(&desk.trainer(&["--config", "c.yaml"]).stderr).into_owned();
        assert!(!error.contains("unknown field"), "{kind}: {error}");
    }
    std::fs::create_dir(desk.path("folder.yaml")).unwrap();
    desk.refuses(&["--config", "folder.yaml"], &["folder.yaml", "folder"]);
}

#[test]
fn a_refused_recording_is_trained_from_if_one_insists() {
    let desk = Desk::new();
    wav(&desk.path("input.wav"), &good(), RATE);
    wav(&desk.path("target.wav"), &good(), RATE);
    desk.refuses_pair(&["target.wav", "refused", "gear", "dry signal", "--ignore-checks"]);
    let pair = ["--input", "input.wav", "--target", "target.wav"];
    desk.refuses(&[&["check"], &pair[..]].concat(), &["refused", "dry signal"]);
    let output = desk.trainer(&["--config", "c.yaml", "--ignore-checks"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("X refused") && text.contains("dry signal"), "{text}");
    wav(&desk.path("target.wav"), &played(&good()), RATE);
    let output = desk.trainer(&[&["check"], &pair[..]].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("nothing speaks against"), "{text}");
}

#[test]
fn every_recording_of_a_config_is_checked() {
    let desk = Desk::new();
    wav(&desk.path("input.wav"), &good(), RATE);
    for (name, samples) in [("dry.wav", good()), ("amp.wav", played(&good()))] {
        wav(&desk.path(name), &samples, RATE);
    }
    desk.config(
        "model: { seed: { channels: 2, blocks: 2 } }\n\
         out: run\n\
         batch:\n\
         - { name: none, input: input.wav, target: none.wav }\n\
         - { name: dry, input: input.wav, target: dry.wav }\n\
         - { name: amp, input: input.wav, target: amp.wav }\n",
    );
    let check = ["check", "--config", "c.yaml"];
    desk.refuses(&check, &["2 of 3 recordings cannot be trained from"]);
    let text = String::from_utf8_lossy(&desk.trainer(&check).stdout).into_owned();
    for words in [
        "error: none.wav: No such file",
        "error: dry.wav: ",
        "dry signal",
        "amp.wav",
        "nothing speaks against",
    ] {
        assert!(text.contains(words), "`{words}`: {text}");
    }
}

#[test]
fn options_for_recordings_reach_those_of_a_table() {
    let desk = Desk::new();
    wav(&desk.path("input.wav"), &good(), RATE);
    // The dry signal, which the checks refuse; on the left alone.
    let silence = vec![0.0; good().len()];
    for (name, level) in [("low.wav", 0.5), ("high.wav", 0.9)] {
        let dry: Vec<f32> = good().iter().map(|x| level * x).collect();
        shared::audio::write_wav(&desk.path(name), &[&dry, &silence], RATE).unwrap();
    }
    let table = "input,target,Gain\ninput.wav,low.wav,0\ninput.wav,high.wav,10\n";
    std::fs::write(desk.path("amp.csv"), table).unwrap();
    desk.config(
        "model: { seed: { channels: 2, blocks: 2 } }\n\
         data: { knobs: { table: amp.csv, validation_seconds: 1 } }\n\
         train: { steps: 2, batch: 1, segment_samples: 100, device: cpu }\n\
         out: run\n",
    );
    desk.refuses(&["--config", "c.yaml", "--channel", "left"], &["refused", "dry signal", "--ignore-checks"]);
    desk.refuses(&["--config", "c.yaml", "--channel", "right", "--ignore-checks"], &["silence"]);
    let output = desk.trainer(&["--config", "c.yaml", "--channel", "left", "--ignore-checks"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_failed_run_leaves_the_old_model_alone() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("run")).unwrap();
    std::fs::write(desk.path("run/run.onnx"), b"precious").unwrap();
    wav(&desk.path("input.wav"), &good(), RATE);
    wav(&desk.path("target.wav"), &good(), 44_100);
    desk.pair_config();
    let said = ["run holds an earlier run (run.onnx); choose", "--out", "--overwrite"];
    desk.refuses(&["--config", "c.yaml"], &said);
    desk.refuses(&["--config", "c.yaml", "--overwrite"], &["44100"]);
    let both = desk.trainer(&["--config", "c.yaml", "--overwrite", "--resume"]);
    assert_eq!(both.status.code(), Some(2), "one excludes the other");
    assert_eq!(std::fs::read(desk.path("run/run.onnx")).unwrap(), b"precious");
    // Checkpoints alone are worth keeping too.
    std::fs::rename(desk.path("run/run.onnx"), desk.path("run/last.safetensors")).unwrap();
    desk.refuses(
        &["--config", "c.yaml"],
        &["run holds an earlier run (last.safetensors); go on with --resume"],
    );
}

#[test]
fn what_may_be_somebodys_own_is_replaced_only_if_one_asks() {
    let desk = Desk::new();
    desk.pair_config();
    for name in ["report.html", "run.nam", "run-889.onnx", "preview/target.wav"] {
        let file = desk.path("run").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, b"precious").unwrap();
        let found = format!("run holds an earlier run ({}); choose", name.split('/').next().unwrap());
        desk.refuses(&["--config", "c.yaml"], &[&found, "--out", "--overwrite"]);
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
        // The recordings are the next that is missing.
        desk.refuses(&["--config", "c.yaml", "--overwrite"], &["input.wav"]);
        std::fs::remove_dir_all(desk.path("run")).unwrap();
    }
    // Neither what has another name, nor what a run left that was killed before its first checkpoint.
    std::fs::create_dir_all(desk.path("run/preview")).unwrap();
    for name in ["run-2b.onnx", "runs-889.onnx", "preview/latest.wav", "events.out.tfevents.1.tonewright.2.0"]
    {
        std::fs::write(desk.path("run").join(name), b"").unwrap();
    }
    desk.refuses(&["--config", "c.yaml"], &["input.wav"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_refused_before_anything_is_read() {
    let desk = Desk::new();
    desk.pair_config();
    let file = ["--config", "c.yaml", "--out", "c.yaml/deep/run"];
    desk.refuses(&file, &["c.yaml: this is a file", "choose another folder with --out"]);
    if cfg!(target_os = "linux") {
        // Not even the administrator makes a folder there.
        let output = desk.trainer(&["--config", "c.yaml", "--out", "/proc/tonewright/run"]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("error: /proc/tonewright/run: cannot write into the folder /proc: "), "{text}");
        assert!(
            text.contains("choose another folder with --out") && !text.contains(".tonewright-"),
            "{text}"
        );
    }
}

#[test]
fn a_checkpoint_of_another_run_is_not_continued() {
    let desk = Desk::new();
    wav(&desk.path("input.wav"), &good(), RATE);
    wav(&desk.path("target.wav"), &played(&good()), RATE);
    desk.pair_config();
    desk.refuses(
        &["--config", "c.yaml", "--resume"],
        &["run holds no checkpoint", "leave --resume out", "--out"],
    );
    assert!(!desk.path("run").exists());
    assert!(desk.trainer(&["--config", "c.yaml"]).status.success());
    let text = std::fs::read_to_string(desk.path("c.yaml")).unwrap();
    desk.config(&text.replace("channels: 2", "channels: 3"));
    desk.refuses(&["--config", "c.yaml", "--resume"], &["last.safetensors", "another network"]);
    for (from, to, word) in [
        ("batch: 1", "batch: 2", "another `train.batch`"),
        ("segment_samples: 100", "segment_samples: 99", "another `train.segment_samples`"),
        ("steps: 2", "steps: 2, seed: 2", "another `train.seed`"),
        ("steps: 2", "steps: 2, learning_rate: 0.003", "`train.learning_rate` 0.004, which is 0.003 now"),
        (
            "steps: 2",
            "steps: 2, schedule: constant",
            "`train.schedule` cosine to 1e-5, which is constant now",
        ),
        ("steps: 2", "steps: 2, loss: { dc: 0.5 }", "`train.loss.dc` 1.0, which is 0.5 now"),
        ("steps: 2", "steps: 2, backend: libtorch", "its gradients came from our own kernel"),
        ("steps: 2", "steps: 1", "2 steps, more than the 1 of `train.steps`"),
    ] {
        desk.config(&text.replace(from, to));
        desk.refuses(&["--config", "c.yaml", "--resume"], &["last.safetensors", word]);
    }
    // The same target, so that the network's scale is the same too.
    wav(&desk.path("other.wav"), &noise(3 * RATE as usize, 0.3, 2), RATE);
    desk.config(&text.replace("input.wav", "other.wav"));
    let resume = ["--config", "c.yaml", "--resume", "--ignore-checks"];
    desk.refuses(&resume, &["last.safetensors", "another recording"]);
    desk.config(&text.replace("steps: 2", "steps: 4, max_minutes: 5"));
    let output = desk.trainer(&["--config", "c.yaml", "--resume"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("going on after step 2"), "{text}");
    assert!(text.contains("`train.steps` was 2, and is 4 now; the learning rate follows"), "{text}");
    assert!(text.contains("`train.max_minutes` was none, and is 5.0 now"), "{text}");
}

#[test]
fn the_card_of_a_config_is_not_put_on_another_recording() {
    let desk = Desk::new();
    desk.config(
        "model: { seed: { channels: 2, blocks: 2 } }\n\
         data: { virtual: { seconds: 2 } }\n\
         train: { steps: 2, batch: 1, segment_samples: 100, device: cpu }\n\
         card: { name: Old, gear: Simulated, author: Somebody, source: Synthesis, licence: MIT, input_level_dbu: 12 }\n\
         out: run\n",
    );
    // Ten seconds of the end would be held out: longer recordings than `good` are needed.
    let long = noise(12 * RATE as usize, 0.3, 1);
    wav(&desk.path("input.wav"), &long, RATE);
    wav(&desk.path("target.wav"), &played(&long), RATE);
    let card = |more: &[&str]| {
        let mut args = vec!["--config", "c.yaml", "--overwrite"];
        args.extend_from_slice(more);
        let output = desk.trainer(&args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        shared::model::Model::load(&desk.path("run/run.onnx")).unwrap().card
    };
    let pair = ["--input", "input.wav", "--target", "target.wav"];
    let bare = card(&[&pair[..], &["--name", "My amp"]].concat());
    assert_eq!(bare.name, "My amp");
    assert_eq!([bare.gear, bare.author, bare.source, bare.licence], [""; 4]);
    assert_eq!(bare.input_level_dbu, None);
    let flags = ["--gear", "G", "--author", "A", "--source", "S", "--licence", "L"];
    let full = card(&[&pair[..], &flags].concat());
    assert_eq!([full.name, full.gear, full.author, full.source, full.licence], ["run", "G", "A", "S", "L"]);
    let own = card(&["--author", "A"]);
    assert_eq!([own.name, own.gear, own.author, own.licence], ["Old", "Simulated", "A", "MIT"]);
    assert_eq!(own.input_level_dbu, Some(12.0));
}

fn model_file(path: &Path, causal: bool) -> shared::model::WaveNetSpec {
    let spec = shared::model::WaveNetSpec::seed(3, 4, 3, causal);
    random_model(&spec, 1).save(path).unwrap();
    spec
}

#[test]
fn render_and_evaluate_agree_with_each_other_and_refuse_what_does_not_fit() {
    for causal in [true, false] {
        let desk = Desk::new();
        let spec = model_file(&desk.path("m.onnx"), causal);
        // Longer than one piece of the renderer.
        let x = noise(150_000, 0.3, 1);
        wav(&desk.path("x.wav"), &x, RATE);
        let output = desk.trainer(&["render", "m.onnx", "x.wav", "y.wav", "--device", "cpu"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let (y, rate) = shared::audio::read_wav(&desk.path("y.wav")).unwrap();
        assert_eq!((y.len(), y[0].len(), rate), (1, x.len(), RATE));
        let (field, ahead) = (spec.receptive_field_samples(), spec.lookahead_samples());
        let weights = support::random_weights(&spec, 1);
        // From the first sample, silence before it; and the end, silence behind it.
        let mut padded = vec![0.0; field - 1 - ahead];
        padded.extend_from_slice(&x);
        padded.extend(vec![0.0; ahead]);
        for at in [0, 65_500, x.len() - 100] {
            let expected = support::naive(&spec, &weights, &padded[at..at + 100 + field - 1]);
            for (y, e) in y[0][at..at + 100].iter().zip(&expected) {
                assert!((f64::from(*y) - e).abs() < 1e-5, "{causal} {at}");
            }
        }
        let output = desk.trainer(&["evaluate", "m.onnx", "x.wav", "y.wav", "--device", "cpu"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("ESR         0.000000") && text.contains("MR-STFT     0.0"), "{text}");
        wav(&desk.path("slow.wav"), &x, 44_100);
        desk.refuses(&["render", "m.onnx", "slow.wav", "z.wav"], &["slow.wav", "44100", "48000"]);
        desk.refuses(&["evaluate", "m.onnx", "x.wav", "slow.wav"], &["slow.wav", "44100"]);
        wav(&desk.path("silent.wav"), &vec![0.0; x.len()], RATE);
        desk.refuses(&["evaluate", "m.onnx", "x.wav", "silent.wav"], &["silent.wav", "silence"]);
        wav(&desk.path("one.wav"), &x[..1], RATE);
        desk.refuses(&["evaluate", "m.onnx", "one.wav", "y.wav"], &["one.wav", "0.00 s", "at least 1 s"]);
        desk.refuses(&["evaluate", "m.onnx", "x.wav", "one.wav"], &["one.wav", "0.00 s", "at least 1 s"]);
        let before = ["x.wav", "m.onnx"].map(|name| std::fs::read(desk.path(name)).unwrap());
        desk.refuses(&["render", "m.onnx", "x.wav", "./x.wav"], &["x.wav", "replace the input"]);
        desk.refuses(&["render", "m.onnx", "x.wav", "m.onnx"], &["m.onnx", "replace the model"]);
        assert_eq!(before, ["x.wav", "m.onnx"].map(|name| std::fs::read(desk.path(name)).unwrap()));
        desk.refuses(&["render", "m.onnx", "none.wav", "z.wav"], &["none.wav"]);
        desk.refuses(&["render", "x.wav", "x.wav", "z.wav"], &["x.wav", "ONNX"]);
        desk.refuses(&["render", "m.onnx", "x.wav", "no/folder/z.wav"], &["no/folder"]);
        assert!(!desk.path("z.wav").exists());
    }
}

#[test]
fn renders_every_channel() {
    let desk = Desk::new();
    model_file(&desk.path("m.onnx"), true);
    let (left, right) = (noise(2_000, 0.3, 1), noise(2_000, 0.3, 2));
    shared::audio::write_wav(&desk.path("x.wav"), &[&left, &right], RATE).unwrap();
    wav(&desk.path("right.wav"), &right, RATE);
    for (from, to) in [("x.wav", "y.wav"), ("right.wav", "z.wav")] {
        assert!(desk.trainer(&["render", "m.onnx", from, to, "--device", "cpu"]).status.success());
    }
    let read = |name| shared::audio::read_wav(&desk.path(name)).unwrap().0;
    assert_eq!(read("y.wav")[1], read("z.wav")[0]);
}

#[test]
fn no_recording_is_written_over_by_accident() {
    let desk = Desk::new();
    let kept = noise(4_800, 0.3, 1);
    for name in ["input.wav", "target.wav", "kept.wav"] {
        wav(&desk.path(name), &kept, RATE);
    }
    let before = std::fs::read(desk.path("kept.wav")).unwrap();
    desk.refuses(&["signal", "-o", "kept.wav"], &["kept.wav", "--overwrite"]);
    desk.refuses(&["demo-recording", "kept.wav"], &["kept.wav", "--overwrite"]);
    desk.refuses(&["virtual", "--out", "."], &["input.wav", "--overwrite"]);
    desk.refuses(&["reference", "kept.wav", "-o", "./kept.wav"], &["kept.wav", "would replace a recording"]);
    model_file(&desk.path("m.onnx"), true);
    for name in ["kept.json", "kept.html", "m.html"] {
        std::fs::write(desk.path(name), b"precious").unwrap();
    }
    let render = ["render", "m.onnx", "input.wav", "kept.wav", "--device", "cpu"];
    let report = ["report", "--model", "m.onnx", "--input", "input.wav", "--target", "target.wav"];
    desk.refuses(&render, &["kept.wav", "--overwrite"]);
    desk.refuses(&["reference", "input.wav", "-o", "kept.json"], &["kept.json", "--overwrite"]);
    desk.refuses(&report, &["m.html", "--overwrite"]);
    desk.refuses(&[&report[..], &["-o", "kept.html"]].concat(), &["kept.html", "--overwrite"]);
    for name in ["kept.json", "kept.html", "m.html"] {
        assert_eq!(std::fs::read(desk.path(name)).unwrap(), b"precious", "{name}");
    }
    desk.refuses(&["render", "m.onnx", "input.wav", "new.mp3"], &["new.mp3", ".wav"]);
    desk.refuses(&["reference", "input.wav", "-o", "new.txt"], &["new.txt", ".json"]);
    for name in ["input.wav", "target.wav", "kept.wav"] {
        assert_eq!(std::fs::read(desk.path(name)).unwrap(), before, "{name}");
    }
    desk.refuses(&["signal", "-o", "signal.flac"], &["signal.flac", ".wav"]);
    assert!(desk.trainer(&["virtual", "--out", ".", "--seconds", "1", "--overwrite"]).status.success());
    assert_ne!(std::fs::read(desk.path("target.wav")).unwrap(), before);
    assert!(desk.trainer(&[&render[..], &["--overwrite"]].concat()).status.success());
    assert_ne!(std::fs::read(desk.path("kept.wav")).unwrap(), before);
    assert!(desk.trainer(&["reference", "input.wav", "-o", "kept.json", "--overwrite"]).status.success());
    assert_ne!(std::fs::read(desk.path("kept.json")).unwrap(), b"precious");
}
