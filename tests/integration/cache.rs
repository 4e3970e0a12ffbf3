//! The cache from outside: who may own it, what is repaired in it, what interrupted runs leave, what is said when the disk is full,
//! and what `cache list` and `cache clear` make of it.

use crate::common;

use serde_json::Value as Json;
use sessionproof::setup::Known;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn run(cache: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sessionproof"));
    command.args(arguments).env("SESSIONPROOF_CACHE", cache).output().unwrap()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

fn is_refused(output: &Output, parts: &[&str]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}

/// A cache with two releases, some files, and something unfinished. Nothing in it runs.
fn stocked(folder: &Path) -> PathBuf {
    let cache = folder.join("cache");
    for (path, text) in [
        ("flask@3.1.3-0123456789ab/bin/python", "1234567890"),
        ("flask@3.0.3-0123456789ab/bin/python", "12345"),
        ("quart@0.22.0-0123456789ab/file", "1"),
        ("files-0123456789ab/file", "12"),
        ("partial-AbCdEf/file", "123"),
    ] {
        let file = cache.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    cache
}

fn names(cache: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_set_up_is_listed_with_sizes_and_folders() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let nothing = run(&cache, &["cache", "list"]);
    assert!(nothing.status.success() && said(&nothing).contains("nothing is set up"), "{}", said(&nothing));
    assert!(!cache.exists());
    let cache = stocked(folder.path());
    let table = said(&run(&cache, &["cache", "list"]));
    for part in ["flask", "3.0.3", "10 B", "21 B in ", "unfinished", "quart@0.22.0-0123456789ab"] {
        assert!(table.contains(part), "{part}: {table}");
    }
    let told: Json = serde_json::from_slice(&run(&cache, &["cache", "list", "--json"]).stdout).unwrap();
    assert_eq!(told["bytes"], 21);
    let of = |name: &str, release: &str| {
        let entries = told["entries"].as_array().unwrap();
        entries.iter().find(|entry| entry["name"] == name && entry["release"] == release).cloned().unwrap()
    };
    assert_eq!(of("flask", "3.1.3")["bytes"], 10);
    assert!(of("flask", "3.0.3")["path"].as_str().unwrap().ends_with("flask@3.0.3-0123456789ab"));
    assert!(of("quart", "0.22.0")["made"].as_str().unwrap().starts_with("20"));
}

#[test]
fn one_release_or_one_implementation_or_everything_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let cache = stocked(folder.path());
    is_refused(&run(&cache, &["cache", "clear", "flask@9.9"]), &["flask@9.9", "not set up", "cache list"]);
    is_refused(&run(&cache, &["cache", "clear", ".."]), &["not set up"]);
    let one = run(&cache, &["cache", "clear", "flask@3.0.3"]);
    assert!(one.status.success() && said(&one).contains("removed flask 3.0.3 (5 B)"), "{}", said(&one));
    assert!(cache.join("flask@3.1.3-0123456789ab").exists() && !cache.join("flask@3.0.3-0123456789ab").exists());
    let all_of_flask = run(&cache, &["cache", "clear", "flask"]);
    assert!(said(&all_of_flask).contains("10 B freed"), "{}", said(&all_of_flask));
    assert!(cache.join("quart@0.22.0-0123456789ab").exists());
    let all = run(&cache, &["cache", "clear"]);
    assert!(all.status.success() && said(&all).contains("3 folders"), "{}", said(&all));
    assert!(names(&cache).iter().all(|name| name == "lock" || name == "CACHEDIR.TAG"), "{:?}", names(&cache));
    assert!(run(&cache, &["cache", "clear"]).status.success());
}

#[cfg(unix)]
#[test]
fn nothing_but_what_was_set_up_is_removed() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let cache = stocked(folder.path());
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("letter"), "").unwrap();
    symlink(&outside, cache.join("flask@1.0-0123456789ab")).unwrap();
    symlink(&outside, cache.join("flask@3.1.3-0123456789ab").join("lib")).unwrap();
    let refused = run(&cache, &["cache", "clear"]);
    assert!(refused.status.success(), "links by our names are left alone: {}", said(&refused));
    assert!(outside.join("letter").exists() && cache.join("flask@1.0-0123456789ab").exists());

    let cache = stocked(&outside);
    fs::write(cache.join("letter"), "").unwrap();
    let mark = run(&cache, &["cache", "clear"]);
    is_refused(&mark, &["does not look like a cache", "by hand"]);
    assert!(cache.join("flask@3.1.3-0123456789ab").exists() && cache.join("letter").exists());
}

#[test]
fn a_cache_that_is_in_use_is_not_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let cache = stocked(folder.path());
    let lock = File::create(cache.join("lock")).unwrap();
    lock.lock_shared().unwrap();
    is_refused(&run(&cache, &["cache", "clear"]), &["in use", cache.to_str().unwrap()]);
    is_refused(&run(&cache, &["cache", "clear", "flusk"]), &["flusk is not set up", "did you mean flask?"]);
    assert!(cache.join("flask@3.1.3-0123456789ab").exists());
    drop(lock);
    assert!(run(&cache, &["cache", "clear"]).status.success());
}

#[cfg(unix)]
mod hands {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_cache_that_others_can_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let above = folder.path().join("above");
        let cache = above.join("cache");
        fs::create_dir_all(&cache).unwrap();
        for (path, mode) in [(&cache, 0o777), (&above, 0o777), (&cache, 0o1777)] {
            set_mode(path, mode);
            let parts = ["not safe", path.to_str().unwrap(), &format!("{mode:o}"), "SESSIONPROOF_CACHE"];
            for name in ["flask", "itsdangerous.js", "itsdangerous-rs"] {
                is_refused(&run(&cache, &["check", name]), &parts);
            }
            is_refused(&run(&cache, &["cache", "clear"]), &parts);
            set_mode(path, 0o755);
        }
        assert_eq!(names(&cache), Vec::<String>::new());
    }

    #[test]
    fn a_cache_that_is_made_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("deeper").join("cache");
        // There is no such Python, so nothing is set up in it.
        is_refused(&run(&cache, &["check", "flask", "--python", "/no/such/python"]), &["/no/such/python"]);
        for made in [&cache, cache.parent().unwrap()] {
            assert_eq!(fs::metadata(made).unwrap().mode() & 0o7777, 0o700);
        }
    }

    #[test]
    fn a_cache_that_belongs_to_another_user_is_refused() {
        const TEST: &str = "a_cache_that_belongs_to_another_user_is_refused";
        let folder = tempfile::tempdir().unwrap();
        let cache = stocked(folder.path());
        let link = folder.path().join("link");
        symlink(&cache, &link).unwrap();
        if chown(&cache, Some(12345), None).is_err() {
            common::skipped(TEST, "only root can give a folder away");
            return;
        }
        for command in [&["check", "flask"][..], &["cache", "clear"]] {
            is_refused(&run(&cache, command), &["belongs to user 12345", cache.to_str().unwrap()]);
            is_refused(&run(&link, command), &["belongs to user 12345"]);
        }
        // The way to it is another's too, though the folder is not.
        chown(&cache, Some(0), None).unwrap();
        lchown(&link, Some(12345), None).unwrap();
        is_refused(&run(&link, &["cache", "clear"]), &["the link", "belongs to user 12345"]);
        assert!(cache.join("flask@3.1.3-0123456789ab").exists());
    }
}

#[cfg(unix)]
mod damage {
    use super::*;

    /// A cache with one implementation that is set up, copied from the user's own; `None` if it cannot be had.
    fn copied(test: &str, name: &str) -> Option<(tempfile::TempDir, PathBuf, PathBuf)> {
        let program = common::program(test, Known::named(name).unwrap())?;
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        fs::create_dir(&cache).unwrap();
        let of_entry = |word: &str| {
            let mut above = Path::new(word).ancestors();
            above
                .find(|path| path.parent().is_some_and(|cache| cache.join("CACHEDIR.TAG").exists()))
                .map(Path::to_owned)
        };
        let mut entries: Vec<_> = program.words().iter().filter_map(|word| of_entry(word)).collect();
        entries.dedup();
        let copied = Command::new("cp").arg("-a").args(&entries).arg(&cache).status().unwrap();
        assert!(copied.success());
        let starts = |entry: &&PathBuf| entry.file_name().unwrap().to_string_lossy().starts_with(name);
        let home = cache.join(entries.iter().find(starts).unwrap().file_name().unwrap());
        Some((folder, cache, home))
    }

    fn find(folder: &Path, name: &str) -> PathBuf {
        let found = Command::new("find").arg(folder).args(["-path", &format!("*/{name}")]).output().unwrap();
        PathBuf::from(String::from_utf8(found.stdout).unwrap().lines().next().unwrap())
    }

    const CHECK: [&str; 5] = ["check", "--cases", "0", "--rules", "EXP-1"];

    fn check(cache: &Path, name: &str) -> Output {
        run(cache, &[&CHECK[..], &[name]].concat())
    }

    #[test]
    fn an_adapter_of_zero_bytes_is_laid_out_again() {
        const TEST: &str = "an_adapter_of_zero_bytes_is_laid_out_again";
        let Some((_folder, cache, _)) = copied(TEST, "flask") else { return };
        let adapter = find(&cache, "adapters/python/flask_adapter.py");
        fs::write(&adapter, "").unwrap();
        let output = check(&cache, "flask");
        assert!(output.status.success(), "{}", said(&output));
        assert!(!fs::read(&adapter).unwrap().is_empty());
    }

    #[test]
    fn what_is_damaged_is_noticed_and_set_up_again() {
        const TEST: &str = "what_is_damaged_is_noticed_and_set_up_again";
        for (name, file) in [
            ("flask", "flask/sessions.py"),
            ("flask", "bin/python"),
            ("itsdangerous.js", "node_modules/itsdangerous.js/package.json"),
            ("itsdangerous-rs", "itsdangerous_adapter"),
        ] {
            let Some((_folder, cache, home)) = copied(TEST, name) else { continue };
            let file = find(&home, file);
            fs::remove_file(&file).unwrap();
            File::create(&file).unwrap();
            let output = check(&cache, name);
            let said = said(&output);
            if output.status.code() == Some(2) && said.contains("check the network") {
                common::skipped(TEST, &said);
                continue;
            }
            assert_ne!(output.status.code(), Some(2), "{name}: {said}");
            assert!(fs::metadata(&file).unwrap().len() > 0, "{name}");
            let again = check(&cache, name);
            assert_eq!(again.status.code(), output.status.code());
        }
    }

    #[test]
    fn what_an_interrupted_set_up_left_is_removed_by_the_next() {
        use std::{
            os::unix::process::CommandExt,
            thread,
            time::{Duration, Instant},
        };

        const TEST: &str = "what_an_interrupted_set_up_left_is_removed_by_the_next";
        let Some(_) = common::oracle(TEST) else { return };
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        // Its tools come to an end with it.
        let mut first = Command::new(env!("CARGO_BIN_EXE_sessionproof"))
            .args(["check", "flask"])
            .env("SESSIONPROOF_CACHE", &cache)
            .process_group(0)
            .spawn()
            .unwrap();
        let is_partial = |name: &String| name.starts_with("partial-");
        let began = Instant::now();
        while !cache.exists()
            || !names(&cache).iter().any(is_partial)
            || names(&cache).iter().all(|n| !n.starts_with("files-"))
        {
            assert!(began.elapsed() < Duration::from_secs(120), "nothing is set up");
            thread::sleep(Duration::from_millis(20));
        }
        // While the first is at work, another leaves alone what the first is making.
        let partial: Vec<_> = names(&cache).into_iter().filter(is_partial).collect();
        let no_python = ["check", "flask", "--python", "/no/such/python"];
        is_refused(&run(&cache, &no_python), &["/no/such/python"]);
        assert!(partial.iter().any(|left| cache.join(left).exists()), "{partial:?} {:?}", names(&cache));
        let group = rustix::process::Pid::from_child(&first);
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
        first.wait().unwrap();
        assert!(names(&cache).iter().any(is_partial), "{:?}", names(&cache));
        is_refused(&run(&cache, &no_python), &["/no/such/python"]);
        assert!(!names(&cache).iter().any(is_partial), "{:?}", names(&cache));
    }
}

#[cfg(target_os = "linux")]
mod disk {
    use super::*;

    /// A small disk, which goes away again.
    struct Disk(tempfile::TempDir);

    impl Disk {
        fn of(test: &str, size: &str) -> Option<Self> {
            let folder = tempfile::tempdir().unwrap();
            let options = format!("size={size},mode=0700");
            let mounted =
                Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(folder.path()).output();
            match mounted {
                Ok(output) if output.status.success() => Some(Self(folder)),
                _ => {
                    common::skipped(test, "no small disk can be mounted");
                    None
                }
            }
        }
    }

    impl Drop for Disk {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
        }
    }

    #[test]
    fn a_full_disk_is_told_as_such_whoever_fills_it() {
        const TEST: &str = "a_full_disk_is_told_as_such_whoever_fills_it";
        let Some(oracle) = common::oracle(TEST) else { return };
        let home = oracle.python.ancestors().nth(2).unwrap();
        let (_, entries) = sessionproof::setup::list().unwrap();
        let entry = entries.iter().find(|entry| home.ends_with(entry.path.file_name().unwrap())).unwrap();
        let nearly_enough = format!("{}k", entry.bytes / 1024);
        for (name, size) in [
            // The program itself, what brings pip, and pip.
            ("flask", "1m"),
            ("flask", "6m"),
            ("flask", &nearly_enough),
            // npm, and cargo.
            ("itsdangerous.js", "40k"),
            ("itsdangerous-rs", "2m"),
        ] {
            let Some(_) = common::program(TEST, Known::named(name).unwrap()) else { continue };
            let Some(disk) = Disk::of(TEST, size) else { return };
            let output = run(disk.0.path(), &["check", name]);
            is_refused(&output, &["is full", disk.0.path().to_str().unwrap(), "cache clear"]);
        }
    }
}
