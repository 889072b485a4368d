//! A package of bundles that are laid out as the real ones and hold next to nothing, unpacked, installed and taken out.

use super::*;
use crate::command::Run;
use std::process::{Command, Output};

/// A package, unpacked.
struct Unpacked {
    folder: tempfile::TempDir,
    root: PathBuf,
    /// The archives: tar, and zip where that was asked for.
    archives: Vec<PathBuf>,
}

impl Unpacked {
    fn new(version: &str) -> Self {
        Self::with(version, &[Format::TarGz])
    }

    fn with(version: &str, formats: &[Format]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::find().unwrap();
        let bundled = folder.path().join("bundled");
        let bundles = Bundles {
            vst3: bundled.join("Tonewright.vst3"),
            clap: bundled.join("Tonewright"),
            standalone: bundled.join("standalone/tonewright"),
        };
        let lay = |path: &str, text: &str| {
            let path = bundled.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        lay("Tonewright.vst3/Contents/x86_64-linux/Tonewright.so", version);
        lay("Tonewright/Tonewright.clap", &format!("{version} GLIBC_2.17 GLIBC_2.34 GLIBC_2.5"));
        lay("standalone/tonewright", &format!("#!/bin/sh\necho {version}\n"));
        fs::set_permissions(&bundles.standalone, fs::Permissions::from_mode(0o755)).unwrap();
        for place in ["Tonewright.vst3/Contents/Resources", "Tonewright", "standalone"] {
            for name in bundle::RUNTIME_LICENCES.into_iter().chain([bundle::RUNTIME]) {
                lay(&format!("{place}/{name}"), &format!("{name} ").repeat(1_000));
            }
        }
        let packages = folder.path().join("packages");
        let archives = pack(&workspace, &bundles, &[], &packages, formats).unwrap();
        assert_eq!(
            fs::read_dir(&packages).unwrap().count(),
            formats.len(),
            "nothing but the archives is left"
        );
        let archive = &archives[0];
        Run::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder.path()).run().unwrap();
        let name = archive.file_name().unwrap().to_str().unwrap().strip_suffix(".tar.gz").unwrap();
        Self { root: folder.path().join(name), folder, archives }
    }

    fn install(&self, home: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.root.join("install.sh"));
        // From anywhere.
        command.args(arguments).env("HOME", home).env_remove("DESTDIR").current_dir("/");
        command.output().unwrap()
    }
}

fn done(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// All files and links below a folder, relative to it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                waiting.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

const INSTALLED: [&str; 14] = [
    ".clap/Tonewright/ONNX-Runtime-LICENSE.txt",
    ".clap/Tonewright/ONNX-Runtime-ThirdPartyNotices.txt",
    ".clap/Tonewright/Tonewright.clap",
    ".clap/Tonewright/libonnxruntime.so.1",
    ".local/bin/tonewright",
    ".local/lib/tonewright/ONNX-Runtime-LICENSE.txt",
    ".local/lib/tonewright/ONNX-Runtime-ThirdPartyNotices.txt",
    ".local/lib/tonewright/installed-files",
    ".local/lib/tonewright/libonnxruntime.so.1",
    ".local/lib/tonewright/tonewright",
    ".vst3/Tonewright.vst3/Contents/Resources/ONNX-Runtime-LICENSE.txt",
    ".vst3/Tonewright.vst3/Contents/Resources/ONNX-Runtime-ThirdPartyNotices.txt",
    ".vst3/Tonewright.vst3/Contents/Resources/libonnxruntime.so.1",
    ".vst3/Tonewright.vst3/Contents/x86_64-linux/Tonewright.so",
];

#[test]
fn a_package_holds_what_it_must() {
    use std::os::unix::fs::MetadataExt as _;
    let unpacked = Unpacked::new("one");
    let held = files(&unpacked.root);
    for name in [
        "README.md",
        "install.sh",
        "VST3/Tonewright.vst3/Contents/x86_64-linux/Tonewright.so",
        "VST3/Tonewright.vst3/Contents/Resources/libonnxruntime.so.1",
        "CLAP/Tonewright/Tonewright.clap",
        "CLAP/Tonewright/libonnxruntime.so.1",
        "standalone/tonewright",
        "standalone/libonnxruntime.so.1",
        "docs/words.md",
        "docs/chains.md",
        "chains/guitar.yaml",
        "licences/LICENSE-MIT",
        "licences/LICENSE-APACHE",
        "licences/ONNX-Runtime-LICENSE.txt",
        "licences/ONNX-Runtime-ThirdPartyNotices.txt",
        "licences/THIRD-PARTY.txt",
    ] {
        assert!(held.iter().any(|held| held == name), "{name} is missing: {held:?}");
    }
    let readme = fs::read_to_string(unpacked.root.join("README.md")).unwrap();
    assert!(readme.contains(env!("CARGO_PKG_VERSION")) && readme.contains("glibc 2.34"), "{readme}");
    let library = fs::metadata(unpacked.root.join("standalone/libonnxruntime.so.1")).unwrap();
    assert_eq!(library.nlink(), 3, "ONNX Runtime is packed once");
}

#[test]
fn a_zip_holds_the_same() {
    let unpacked = Unpacked::with("one", &[Format::TarGz, Format::Zip]);
    let whole = unpacked.folder.path().join("from a zip");
    let mut zip = zip::ZipArchive::new(fs::File::open(&unpacked.archives[1]).unwrap()).unwrap();
    assert_eq!(zip.len(), files(&unpacked.root).len());
    zip.extract(&whole).unwrap();
    let root = whole.join(unpacked.root.file_name().unwrap());
    assert_eq!(files(&root), files(&unpacked.root));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for name in files(&root) {
        let (zipped, tarred) = (root.join(&name), unpacked.root.join(&name));
        assert!(fs::read(&zipped).unwrap() == fs::read(&tarred).unwrap(), "{name}");
        assert_eq!(mode(&zipped) & 0o700, mode(&tarred) & 0o700, "{name}");
    }
    // Of what is there three times only the first is compressed, and the same package makes the same bytes.
    let again = Unpacked::with("one", &[Format::TarGz, Format::Zip]);
    for (first, second) in unpacked.archives.iter().zip(&again.archives) {
        assert!(fs::read(first).unwrap() == fs::read(second).unwrap(), "{}", first.display());
    }
}

#[test]
fn what_is_installed_is_taken_out_and_nothing_else() {
    // A folder's name may be anything.
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("a home's \"name\" *");
    for (path, text) in [
        (".vst3/Another.vst3/plugin.so", "another"),
        (".clap/Tonewright/mine.txt", "a player's"),
        (".local/share/tonewright/presets/mine.preset", "a player's"),
        (".local/lib/tonewright/mine.txt", "a player's"),
    ] {
        let path = home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let before = files(&home);
    let unpacked = Unpacked::new("one");
    for _ in 0..2 {
        done(&unpacked.install(&home, &[]));
        let mut expected: Vec<String> = before.clone();
        expected.extend(INSTALLED.map(str::to_owned));
        expected.sort();
        assert_eq!(files(&home), expected);
    }
    // Hosts look again at what is newer than when they last looked.
    let plugin = home.join(".vst3/Tonewright.vst3/Contents/x86_64-linux/Tonewright.so");
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    assert!(modified(&plugin) >= modified(unpacked.folder.path()), "as old as the package");
    let program = Command::new(home.join(".local/bin/tonewright")).output().unwrap();
    assert_eq!(done(&program), "one\n");
    // What an older version had and a newer one has not goes with it.
    let stale = home.join(".vst3/Tonewright.vst3/Contents/Resources/stale.bin");
    fs::write(&stale, "").unwrap();
    let list = home.join(".local/lib/tonewright/installed-files");
    let listed = format!("{}{}\n", fs::read_to_string(&list).unwrap(), stale.display());
    fs::write(&list, listed).unwrap();
    let newer = Unpacked::new("two");
    done(&newer.install(&home, &[]));
    assert!(!stale.exists());
    assert_eq!(
        fs::read_to_string(home.join(".vst3/Tonewright.vst3/Contents/x86_64-linux/Tonewright.so")).unwrap(),
        "two"
    );

    done(&newer.install(&home, &["--uninstall"]));
    assert_eq!(files(&home), before);
    assert!(!home.join(".vst3/Tonewright.vst3").exists(), "its folders are gone");
    let again = newer.install(&home, &["--uninstall"]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && said.contains("installed-files is not there"), "{said}");
}

#[test]
fn an_empty_home_is_empty_again_but_for_common_folders() {
    let home = tempfile::tempdir().unwrap();
    let unpacked = Unpacked::new("one");
    done(&unpacked.install(home.path(), &[]));
    assert_eq!(files(home.path()), INSTALLED);
    done(&unpacked.install(home.path(), &["--uninstall"]));
    assert_eq!(files(home.path()), [""; 0]);
    assert!(!home.path().join(".vst3").exists() && !home.path().join(".clap").exists());
}

#[test]
fn for_all_users_it_goes_into_the_systems_folders() {
    let place = tempfile::tempdir().unwrap();
    let unpacked = Unpacked::new("one");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(unpacked.root.join("install.sh"));
        done(&command.args(arguments).env("DESTDIR", place.path()).output().unwrap())
    };
    run(&["--system"]);
    for path in [
        "usr/lib/vst3/Tonewright.vst3",
        "usr/lib/clap/Tonewright/Tonewright.clap",
        "usr/local/bin/tonewright",
    ] {
        assert!(fs::symlink_metadata(place.path().join(path)).is_ok(), "{path}");
    }
    run(&["--system", "--uninstall"]);
    assert_eq!(files(place.path()), [""; 0]);
}

#[test]
fn what_is_not_from_here_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let unpacked = Unpacked::new("one");
    let own = home.path().join(".local/bin/tonewright");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "somebody else's").unwrap();
    let said = done(&unpacked.install(home.path(), &[]));
    assert!(said.contains("left alone") && said.contains(".local/lib/tonewright/tonewright"), "{said}");
    // A list that names what lies elsewhere, or all there is, removes none of it.
    let list = home.path().join(".local/lib/tonewright/installed-files");
    let precious = home.path().join("precious");
    fs::write(&precious, "").unwrap();
    let spoiled = format!("{}\n{}/.vst3/../precious\n/\n\n", precious.display(), home.path().display());
    fs::write(&list, fs::read_to_string(&list).unwrap() + &spoiled).unwrap();
    done(&unpacked.install(home.path(), &["--uninstall"]));
    assert_eq!(files(home.path()), [".local/bin/tonewright", "precious"]);
    assert_eq!(fs::read_to_string(&own).unwrap(), "somebody else's");

    // A link to a developer's own build is not written through.
    let build = unpacked.folder.path().join("build");
    fs::create_dir(&build).unwrap();
    fs::create_dir_all(home.path().join(".vst3")).unwrap();
    std::os::unix::fs::symlink(&build, home.path().join(".vst3/Tonewright.vst3")).unwrap();
    let refused = unpacked.install(home.path(), &[]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("Tonewright.vst3 is a link"), "{said}");
    assert_eq!(fs::read_dir(&build).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_is_said() {
    let unpacked = Unpacked::new("one");
    let home = tempfile::tempdir().unwrap();
    for (arguments, home, says) in [
        (&["--sistem"][..], home.path(), "no option \"--sistem\""),
        (&[], Path::new(""), "HOME is \"\""),
        (&[], Path::new("relative"), "HOME is \"relative\""),
    ] {
        let output = unpacked.install(home, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(says), "{said}");
    }
    assert!(done(&unpacked.install(home.path(), &["--help"])).contains("--uninstall"));
    fs::remove_dir_all(unpacked.root.join("CLAP")).unwrap();
    let output = unpacked.install(home.path(), &[]);
    assert!(
        !output.status.success() && files(home.path()).is_empty(),
        "nothing is installed of a broken package"
    );
}
