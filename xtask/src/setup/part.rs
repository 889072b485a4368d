//! The libraries in `.deps`: ONNX Runtime and libtorch, from their Python wheels.

use super::Libtorch;
use super::python::Venv;
use crate::Error;
use crate::command::step;
use crate::error::At as _;
use crate::files::{create, remove};
use crate::workspace::Workspace;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const ONNXRUNTIME: &str = include_str!("../../requirements/onnxruntime.txt");
const LIBTORCH_CUDA: &str = include_str!("../../requirements/libtorch-cuda.txt");
const LIBTORCH: &str = include_str!("../../requirements/libtorch.txt");
const LIBTORCH_VERSION: &str = "2.11.0";

/// Changes when the layout that this module makes changes, so that older ones are made anew.
const LAYOUT: &str = "layout 2\n";

const STAMP: &str = "made-from.txt";

/// Says whether the part in `folder` is whole and was made from `requirements`.
pub(super) fn has_stamp(folder: &Path, requirements: &str) -> bool {
    fs::read_to_string(folder.join(STAMP)).is_ok_and(|found| found.strip_prefix(LAYOUT) == Some(requirements))
}

/// Marks the part in `folder` as whole.
pub(super) fn stamp(folder: &Path, requirements: &str) -> Result<(), Error> {
    let path = folder.join(STAMP);
    fs::write(&path, format!("{LAYOUT}{requirements}")).at("write", &path)
}

/// Downloads with pip and puts a part together: `arrange` gets the unpacked wheels and the folder to
/// fill. Nothing is visible at `.deps/NAME` before all of it is there.
fn make(
    workspace: &Workspace,
    python: &Venv,
    (name, title): (&str, &'static str),
    (requirements, content): (&str, &str),
    arrange: impl FnOnce(&Path, &Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let place = workspace.deps.join(name);
    if has_stamp(&place, content) {
        return Ok(());
    }
    step(&format!("fetching {title}"));
    // One fixed name, so that what a killed set-up left behind is cleared away. The caller holds the lock.
    let unfinished = workspace.deps.join("unfinished");
    remove(&unfinished)?;
    fs::create_dir(&unfinished).at("create", &unfinished)?;
    let (wheels, part) = (unfinished.join("wheels"), unfinished.join("part"));
    // The wheels are libraries for us, so this machine's Python does not choose among them.
    let platforms = [
        "manylinux2014",
        "manylinux_2_17",
        "manylinux_2_18",
        "manylinux_2_25",
        "manylinux_2_27",
        "manylinux_2_28",
    ];
    python
        .install(requirements, &unfinished.join("tmp"))?
        .args(["--no-compile", "--python-version=3.12", "--implementation=cp"])
        .args(platforms.map(|platform| format!("--platform={platform}_x86_64")))
        .args([Path::new("--target"), &wheels])
        .run()
        .map_err(|source| Error::Fetch { what: title, source: source.into() })?;
    arrange(&wheels, &part)?;
    stamp(&part, content)?;
    remove(&place)?;
    fs::rename(&part, &place).at("move into place", &place)?;
    remove(&unfinished)
}

/// ONNX Runtime's library and its licences, into `.deps/py`.
pub(super) fn onnxruntime(workspace: &Workspace, python: &Venv) -> Result<(), Error> {
    let name = ("py", "ONNX Runtime (about 25 MB)");
    make(workspace, python, name, ("onnxruntime.txt", ONNXRUNTIME), |wheels, part| {
        let (from, to) = (wheels.join("onnxruntime"), part.join("onnxruntime"));
        let capi = to.join("capi");
        fs::create_dir_all(&capi).at("create", &capi)?;
        let into = |name: &Path| fs::rename(from.join(name), to.join(name)).at("move", &from.join(name));
        let library = find(&from.join("capi"), "libonnxruntime.so.")?;
        into(&Path::new("capi").join(&library))?;
        into(Path::new("LICENSE"))?;
        into(Path::new("ThirdPartyNotices.txt"))?;
        let link = capi.join("libonnxruntime.so");
        symlink(&library, &link).at("create", &link)
    })
}

/// libtorch, into `.deps/libtorch`.
pub(super) fn libtorch(workspace: &Workspace, python: &Venv, which: Libtorch) -> Result<(), Error> {
    match which {
        Libtorch::Cpu if has_stamp(&workspace.deps.join("libtorch"), LIBTORCH_CUDA) => Ok(()),
        Libtorch::Cpu => {
            let name = ("libtorch", "libtorch (several hundred MB)");
            make(workspace, python, name, ("libtorch.txt", LIBTORCH), arrange_cpu)
        }
        Libtorch::Cuda => {
            let name = ("libtorch", "libtorch with CUDA (more than 2 GB)");
            make(workspace, python, name, ("libtorch-cuda.txt", LIBTORCH_CUDA), arrange_cuda)
        }
    }
}

/// Headers, the CPU library and the few libraries it names. CUDA's own gigabytes stay out.
fn arrange_cpu(wheels: &Path, part: &Path) -> Result<(), Error> {
    let lib = part.join("lib");
    create(&lib)?;
    into(&wheels.join("torch/include"), &part.join("include"))?;
    for name in ["libc10.so", "libtorch_cpu.so", "libgomp.so.1"] {
        into(&wheels.join("torch/lib").join(name), &lib.join(name))?;
    }
    for name in ["libcudart.so.13", "libcupti.so.13"] {
        into(&wheels.join("nvidia/cu13/lib").join(name), &lib.join(name))?;
    }
    // torch-sys links with -ltorch. The wheel's libtorch.so wants libtorch_cuda.so, so a linker
    // script takes its place.
    let script = lib.join("libtorch.so");
    fs::write(&script, "INPUT(libtorch_cpu.so)\n").at("write", &script)?;
    note_version(part)
}

/// All libraries, in the places that the wheels put them in: torch's look for NVIDIA's at
/// `$ORIGIN/../../nvidia`, and NVIDIA's for each other.
fn arrange_cuda(wheels: &Path, part: &Path) -> Result<(), Error> {
    create(&part.join("torch"))?;
    into(&wheels.join("nvidia"), &part.join("nvidia"))?;
    for name in ["include", "lib"] {
        let inner = Path::new("torch").join(name);
        into(&wheels.join(&inner), &part.join(&inner))?;
        let link = part.join(name);
        symlink(&inner, &link).at("create", &link)?;
    }
    note_version(part)
}

fn into(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).at("move", from)
}

/// Writes the file without which torch-sys does not check the version.
fn note_version(part: &Path) -> Result<(), Error> {
    let version = part.join("build-version");
    fs::write(&version, format!("{LIBTORCH_VERSION}\n")).at("write", &version)
}

/// The name of the file in `folder` that begins with `prefix`.
fn find(folder: &Path, prefix: &str) -> Result<String, Error> {
    let entries = fs::read_dir(folder).at("read", folder)?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .into_iter()
        .find(|name| name.starts_with(prefix))
        .ok_or_else(|| Error::Missing { path: folder.join(prefix), door: "cargo xtask setup" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_fits_only_what_it_was_made_from() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_stamp(folder.path(), "a==1"));
        stamp(folder.path(), "a==1").unwrap();
        assert!(has_stamp(folder.path(), "a==1"));
        assert!(!has_stamp(folder.path(), "a==2"));
        fs::write(folder.path().join(STAMP), "a==1").unwrap();
        assert!(!has_stamp(folder.path(), "a==1"), "another layout");
    }

    #[test]
    fn every_requirement_is_pinned_and_checksummed() {
        for content in [ONNXRUNTIME, LIBTORCH, LIBTORCH_CUDA, include_str!("../../requirements/hosts.txt")] {
            let joined = content.replace("\\\n", " ");
            for line in joined.lines().filter(|line| !line.starts_with('#')) {
                assert!(line.contains("==") && line.contains("--hash=sha256:"), "{line}");
            }
        }
        for content in [LIBTORCH, LIBTORCH_CUDA] {
            assert!(content.contains(&format!("torch=={LIBTORCH_VERSION} ")));
        }
        // Headers and libraries of both are of the same build.
        for line in LIBTORCH.lines().filter(|line| !line.starts_with('#')) {
            assert!(LIBTORCH_CUDA.contains(line), "{line}");
        }
    }

    #[test]
    fn libraries_of_cuda_find_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let (wheels, part) = (folder.path().join("wheels"), folder.path().join("part"));
        let put = |path: &str| {
            let path = wheels.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        };
        put("torch/lib/libtorch_cuda.so");
        put("torch/include/torch/all.h");
        put("nvidia/cudnn/lib/libcudnn.so.9");
        arrange_cuda(&wheels, &part).unwrap();
        assert!(part.join("lib/libtorch_cuda.so").exists() && part.join("include/torch/all.h").exists());
        // As the loader goes from the folder of the one to the other.
        assert!(part.join("lib/../../nvidia/cudnn/lib/libcudnn.so.9").exists());
        let version = fs::read_to_string(part.join("build-version")).unwrap();
        assert_eq!(version.trim(), LIBTORCH_VERSION);
    }
}
