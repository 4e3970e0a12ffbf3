//! How many instructions a call takes, on the paths that really run: `cargo bench --bench instruction_counts`.
//!
//! Times need a quiet machine, and an emulator does not know the newest instructions. So a child does each call twice and once,
//! the processor stops it after every instruction, and what is counted is the difference. It is the same in each run, and a
//! change of a few per cent shows on any machine, however busy.
//!
//! The counts are held against those in `benches/instruction_counts.txt`, which belong to one compiler. Exit status 1 when one is
//! off by more than a tenth. `-- --update` writes them anew. Skipped, and said so, on other systems than Linux on x86-64, where
//! a process may not be traced, and for paths that the processor has not.

use std::process::ExitCode;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> ExitCode {
    counting::main()
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() -> ExitCode {
    println!("skipped: instructions are counted on Linux on x86-64 alone");
    ExitCode::SUCCESS
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod counting {
    use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};
    use sessionproof::{
        bench::shapes::{self, NOW, SIGNED, Shape},
        verifier::Verifier,
    };
    use std::{
        collections::BTreeMap,
        error::Error,
        fmt::Write as _,
        hint::black_box,
        io::{self, Read as _},
        process::{Child, Command, ExitCode, Stdio},
    };

    /// The counts that are expected, a line each.
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instruction_counts.txt");

    /// How far off a count may be.
    const TOLERANCE: f64 = 0.1;

    /// How many cookies a batch has.
    const BATCH: usize = 64;

    /// What is called, by which paths. A batch is counted for each cookie.
    const CASES: [(&str, &str); 8] = [
        ("verify", "off"),
        ("verify", "sha-ni"),
        ("verify", "sha-ni,avx512"),
        ("batch", "sha-ni,avx2"),
        ("batch", "sha-ni,avx512"),
        ("reject", "sha-ni,avx512"),
        ("load", "sha-ni,avx512"),
        ("sign", "sha-ni,avx512"),
    ];

    const SHAPES: [&str; 2] = ["tiny", "login"];

    pub fn main() -> ExitCode {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        if let [word, what, path, shape, times] = &arguments[..]
            && word == "--call"
        {
            return call(what, path, shape, times.parse().unwrap_or(0));
        }
        match compare(arguments.iter().any(|argument| argument == "--update")) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                println!("skipped: instructions cannot be counted here: {error}");
                if std::env::var_os("SESSIONPROOF_REQUIRE_COUNTS").is_some() {
                    ExitCode::FAILURE
                } else {
                    ExitCode::SUCCESS
                }
            }
        }
    }

    /// Whether every count is as it was.
    fn compare(updates: bool) -> Result<bool, Box<dyn Error>> {
        let found = Verifier::new(&shapes::config())?;
        let expected = if updates { BTreeMap::new() } else { read()? };
        let (mut text, mut is_good) = (String::new(), true);
        for (shape, (what, path)) in SHAPES.into_iter().flat_map(|shape| CASES.map(|case| (shape, case))) {
            let name = format!("{shape} {what} {path}");
            if path != "off" && found.clone().with_hardware(path).hardware() != full_name(path) || !has_sha_ni(&found) {
                println!("{name:<32} skipped: not on this processor");
                continue;
            }
            let of_each = if what == "batch" { BATCH as u64 } else { 1 };
            let count = (count(what, path, shape, 2)? - count(what, path, shape, 1)?) / of_each;
            writeln!(text, "{name} {count}")?;
            let verdict = match expected.get(&name) {
                None if updates => String::new(),
                None => {
                    is_good = false;
                    "NOT LISTED: run with --update".to_owned()
                }
                Some(before) => {
                    let change = count as f64 / *before as f64 - 1.0;
                    let is_off = change.abs() > TOLERANCE;
                    is_good &= !is_off;
                    format!("{:+.1} %{}", change * 100.0, if is_off { "  CHANGED" } else { "" })
                }
            };
            println!("{name:<32} {count:>7}  {verdict}");
        }
        if updates {
            std::fs::write(FILE, text)?;
        } else if !is_good {
            println!(
                "if this is meant, or the compiler is another: cargo bench --bench instruction_counts -- --update"
            );
        }
        Ok(is_good)
    }

    fn read() -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
        let text = std::fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
        let line = |line: &str| {
            let (name, count) = line.rsplit_once(' ')?;
            Some((name.to_owned(), count.parse().ok()?))
        };
        text.lines()
            .map(|text| line(text).ok_or_else(|| format!("{FILE}: not a name and a count: {text}").into()))
            .collect()
    }

    /// What a verifier says that has all that is asked for.
    fn full_name(path: &str) -> &'static str {
        match path {
            "sha-ni" => "SHA-NI",
            "sha-ni,avx2" => "SHA-NI and AVX2",
            _ => "SHA-NI and AVX-512",
        }
    }

    /// Portable code has another count where the `sha1` crate finds no instructions for it.
    fn has_sha_ni(found: &Verifier) -> bool {
        found.clone().with_hardware("sha-ni").hardware() == "SHA-NI"
    }

    /// How many instructions a child executes between two stops.
    fn count(what: &str, path: &str, shape: &str, times: u32) -> Result<u64, Box<dyn Error>> {
        let times = times.to_string();
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--call", what, path, shape, &times])
            .stdin(Stdio::piped())
            .spawn()?;
        let count = steps(&mut child);
        child.kill().ok();
        child.wait().ok();
        count
    }

    fn steps(child: &mut Child) -> Result<u64, Box<dyn Error>> {
        let pid = Pid::from_child(child);
        trace(pid, libc::PTRACE_SEIZE, libc::PTRACE_O_EXITKILL)?;
        // Now it may begin.
        drop(child.stdin.take());
        while !is_stopped(pid)? {
            trace(pid, libc::PTRACE_CONT, 0)?;
        }
        let mut count = 0;
        loop {
            trace(pid, libc::PTRACE_SINGLESTEP, 0)?;
            if is_stopped(pid)? {
                return Ok(count);
            }
            count += 1;
        }
    }

    /// Seizes the child, or lets it go on without a signal.
    fn trace(pid: Pid, request: libc::c_uint, data: libc::c_int) -> io::Result<()> {
        let data = libc::c_long::from(data);
        // SAFETY: none of the three requests reads or writes memory of this process; the address is not used.
        let done = unsafe { libc::ptrace(request, pid.as_raw_pid(), 0 as libc::c_long, data) };
        if done == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Waits for the child. Whether it stopped itself.
    fn is_stopped(pid: Pid) -> Result<bool, Box<dyn Error>> {
        let Some((_, status)) = waitpid(Some(pid), WaitOptions::empty())? else { return Ok(false) };
        match status.stopping_signal() {
            Some(signal) => Ok(signal == Signal::USR1.as_raw()),
            None => Err(format!("the child is gone: {status:?}").into()),
        }
    }

    /// In the child: calls some times between two stops.
    fn call(what: &str, path: &str, shape: &str, times: u32) -> ExitCode {
        let found = Verifier::new(&shapes::config()).map(|found| found.with_hardware(path));
        let shape = shapes::all().into_iter().find(|known| known.name == shape);
        let (Ok(verifier), Some(shape)) = (found, shape) else { return ExitCode::FAILURE };
        let mut work = work(what, &verifier, &shape);
        // What is done once, such as to look for instructions, is done before.
        (0..3).for_each(|_| work());
        // The end of the input says that the parent is there to see the signals.
        std::io::stdin().read_to_end(&mut Vec::new()).ok();
        kill_process(getpid(), Signal::USR1).ok();
        (0..black_box(times)).for_each(|_| work());
        kill_process(getpid(), Signal::USR1).ok();
        ExitCode::SUCCESS
    }

    fn work<'a>(what: &str, verifier: &'a Verifier, shape: &'a Shape) -> Box<dyn FnMut() + 'a> {
        let bad = shape.with_another_signature();
        match what {
            "verify" => Box::new(|| _ = black_box(verifier.verify(black_box(&shape.cookie), NOW))),
            "reject" => Box::new(move || _ = black_box(verifier.verify(black_box(&bad), NOW))),
            "load" => Box::new(|| _ = black_box(verifier.load(black_box(&shape.cookie), NOW))),
            "sign" => Box::new(|| _ = black_box(verifier.sign(black_box(&shape.session), SIGNED))),
            _ => {
                let cookies = vec![shape.cookie.as_str(); BATCH];
                Box::new(move || _ = black_box(verifier.verify_batch(black_box(&cookies), NOW)))
            }
        }
    }
}
