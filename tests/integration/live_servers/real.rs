//! Real servers on loopback: Flask on gunicorn, with and without nginx before it, and Quart on Hypercorn.
//!
//! Where Python with venv, nginx or openssl cannot be had, tests say so in sight and are skipped; with
//! `SESSIONPROOF_REQUIRE_SERVERS` set, that is a failure.

use super::{KEY, check};
use std::{
    fs::{self, File},
    io::Write,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;

const RELEASES: [&str; 4] = ["flask==3.1.3", "quart==0.22.0", "gunicorn==27.0.1", "hypercorn==0.18.0"];
/// What Quart 0.22 does otherwise than Flask: sessions that are read add no `Vary: Cookie` under Flask 3.1.3, and keys of several
/// kinds do not keep a session from being written, since its keys are not sorted.
const QUART: &str = "*,!VARY-1,!SET-10,!PAY-5,!MOD-10";

/// What cannot be had is said past the test harness, which keeps to itself what a passing test prints.
fn skipped(what: &str) {
    assert!(std::env::var_os("SESSIONPROOF_REQUIRE_SERVERS").is_none(), "{what}");
    let _ = writeln!(std::io::stderr(), "SKIPPED live servers: {what}");
}

/// The folder of a virtual environment's programs, made once and kept for the next run.
pub(super) fn programs() -> Option<&'static PathBuf> {
    static PROGRAMS: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let made = PROGRAMS.get_or_init(|| {
        let name = format!("live-{}", RELEASES.join("-").replace("==", "-"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let done = folder.join("done");
        if !done.exists() {
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
            let pip = folder.join("bin/pip");
            run(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check"]).args(RELEASES))?;
            File::create(done).map_err(|error| error.to_string())?;
        }
        Ok(folder.join("bin"))
    });
    made.as_ref().inspect_err(|what| skipped(what)).ok()
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_owned();
    let failed = |what: String| format!("{name:?} failed: {what}");
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(failed(String::from_utf8_lossy(&output.stderr).into_owned())),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// A server with all the processes that it started, which end with it.
pub(super) struct Running {
    child: Child,
    pub(super) url: String,
    pub(super) log: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// Starts a server in a process group of its own, and waits until `address` tells from its log where it listens.
fn start(command: &mut Command, log: PathBuf, address: impl Fn(&str) -> Option<String>) -> Running {
    let file = File::create(&log).unwrap();
    let child = command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).process_group(0);
    let mut running = Running { child: child.spawn().unwrap(), url: String::new(), log };
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let text = fs::read_to_string(&running.log).unwrap();
        if let Some(address) = address(&text) {
            running.url = address;
            return running;
        }
        let ended = running.child.try_wait().unwrap();
        assert!(ended.is_none() && Instant::now() < deadline, "the server did not start: {ended:?}\n{text}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// What stands behind some words of a log, up to a blank.
fn behind(log: &str, words: &str) -> Option<String> {
    let rest = log.split_once(words)?.1;
    rest.split_once([' ', '\n']).map(|(address, _)| address.to_owned())
}

/// One of the applications, on the server that suits it, with a probe for half an hour.
fn application(word: &str, folder: &TempDir) -> Option<Running> {
    application_for(1800, word, folder)
}

pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// One of the applications, with a probe for some seconds; with none for no second.
pub(super) fn application_for(seconds: u64, word: &str, folder: &TempDir) -> Option<Running> {
    let programs = programs()?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let until = if seconds == 0 { String::new() } else { (now() + seconds).to_string() };
    let is_quart = word.starts_with("quart");
    let mut command = Command::new(programs.join(if is_quart { "hypercorn" } else { "gunicorn" }));
    command.args(match is_quart {
        true => ["--bind", "127.0.0.1:0"].as_slice(),
        false => ["--bind", "127.0.0.1:0", "--workers", "2", "--worker-class", "gthread", "--threads", "2"].as_slice(),
    });
    command.arg("application:app").env("APPLICATION", word).env("APPLICATION_KEY", KEY);
    command.env("SESSIONPROOF_PROBE_UNTIL", until).env("PYTHONDONTWRITEBYTECODE", "1");
    command.current_dir(here.join("tests/fixtures/applications")).env("PYTHONPATH", here.join("adapters/python"));
    let words = if is_quart { "Running on " } else { "Listening at: " };
    let log = folder.path().join(format!("{word}-{seconds}.log"));
    let mut running = start(&mut command, log, |log| behind(log, words));
    running.url += "/sessionproof-probe";
    Some(running)
}

/// nginx before an address, with TLS at a second port.
struct Nginx {
    running: Running,
    tls: String,
}

fn nginx(before: &Running, folder: &TempDir) -> Option<Nginx> {
    let at = folder.path().display();
    let subject =
        ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"];
    let mut certificate = Command::new("openssl");
    certificate
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"])
        .args(subject)
        .current_dir(folder.path());
    if let Err(what) = run(certificate.args(["-keyout", "tls.key", "-out", "tls.pem"])) {
        skipped(&what);
        return None;
    }
    let program =
        ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"].map(Path::new).into_iter().find(|p| p.exists());
    let Some(program) = program else {
        skipped("there is no nginx");
        return None;
    };
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (plain, tls) = (free(), free());
    let upstream = before.url.trim_start_matches("http://").trim_end_matches("/sessionproof-probe");
    let configuration = format!(
        "daemon off; pid {at}/nginx.pid; error_log stderr notice; worker_processes 1;
        events {{ }}
        http {{
            access_log off; client_body_temp_path {at}/body; proxy_temp_path {at}/proxy;
            fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
            gzip on; gzip_types application/json; gzip_min_length 1; gzip_vary on;
            proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k; large_client_header_buffers 4 64k;
            upstream application {{ server {upstream}; keepalive 8; }}
            server {{
                listen {plain}; listen {tls} ssl; ssl_certificate {at}/tls.pem; ssl_certificate_key {at}/tls.key;
                location / {{ proxy_pass http://application; proxy_http_version 1.1; proxy_set_header Connection \"\"; }}
                location /elsewhere {{ return 301 http://127.0.0.1/; }}
            }}
        }}"
    );
    let file = folder.path().join("nginx.conf");
    fs::write(&file, configuration).unwrap();
    let mut command = Command::new(program);
    command.arg("-e").arg("stderr").arg("-c").arg(&file);
    let url = |log: &str| log.contains("start worker process ").then(|| format!("http://{plain}/sessionproof-probe"));
    let running = start(&mut command, folder.path().join("nginx.log"), url);
    Some(Nginx { running, tls: format!("https://{tls}/sessionproof-probe") })
}

#[test]
fn flask_on_gunicorn_behind_nginx_conforms_in_the_clear_and_under_tls() {
    let folder = tempfile::tempdir().unwrap();
    let Some(flask) = application("flask", &folder) else { return };
    let Some(nginx) = nginx(&flask, &folder) else { return };
    let run = tempfile::tempdir().unwrap();
    check(&run, &nginx.running.url, &["--cases", "600"]).with(0, &["flask 3.1.3", "conformant as far as tested"]);
    fs::copy(folder.path().join("tls.pem"), run.path().join("tls.pem")).unwrap();
    let trusted = ["--cases", "100", "--rules", "EXP", "--ca-file", "tls.pem"];
    check(&run, &nginx.tls, &trusted).with(0, &["conformant as far as tested"]);
    check(&run, &nginx.tls, &[]).with(2, &["the certificate of https://", "--ca-file"]);
    check(&run, &nginx.tls.replace("https:", "http:"), &[]).with(2, &["HTTP status 400"]);
    let plain = nginx.running.url.replace("http:", "https:");
    check(&run, &plain, &[]).with(2, &["use http:// if the port does not use TLS"]);
    let elsewhere = nginx.running.url.replace("sessionproof-probe", "elsewhere");
    check(&run, &elsewhere, &[]).with(2, &["it redirects to http://127.0.0.1/"]);
    // The application is gone, and nginx says so.
    drop(flask);
    check(&run, &nginx.running.url, &[]).with(2, &["HTTP status 502"]);
}

#[test]
fn flask_on_gunicorn_conforms_as_it_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let Some(flask) = application("configured", &folder) else { return };
    let run = tempfile::tempdir().unwrap();
    fs::write(run.path().join("old"), "an old key").unwrap();
    let ended =
        check(&run, &flask.url, &["--cases", "400", "--fallback-key-file", "old", "--report", "json=results.json"]);
    ended.with(0, &["conformant as far as tested"]);
    let results: serde_json::Value =
        serde_json::from_slice(&fs::read(run.path().join("results.json")).unwrap()).unwrap();
    let text = results.to_string();
    assert!(!text.contains("an old key") && text.contains("KEY-3"), "{text}");
    // A lifetime that the server does not have is found out.
    let other = ["--cases", "600", "--rules", "EXP,PERM", "--lifetime", "900", "--fallback-key-file", "old"];
    check(&run, &flask.url, &other).with(1, &["FAIL EXP-2", "FAIL PERM-3"]);
}

#[test]
fn a_short_lifetime_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let Some(flask) = application("short", &folder) else { return };
    let run = tempfile::tempdir().unwrap();
    let ended =
        check(&run, &flask.url, &["--cases", "0", "--rules", "SYS,EXP", "--wait", "14"]).with(0, &["conformant"]);
    assert!(
        !ended.text().contains("--wait") && ended.took > Duration::from_secs(8),
        "{:?} {}",
        ended.took,
        ended.text()
    );
}

#[test]
fn applications_that_are_wrong_are_found_out() {
    for (word, rules, failed) in [("deaf", "EXP,SYS", "FAIL EXP-1"), ("lazy", "REN", "FAIL REN-1")] {
        let folder = tempfile::tempdir().unwrap();
        let Some(wrong) = application(word, &folder) else { return };
        let run = tempfile::tempdir().unwrap();
        check(&run, &wrong.url, &["--cases", "200", "--rules", rules]).with(1, &[failed, "not conformant"]);
    }
}

#[test]
fn quart_on_hypercorn_conforms_but_for_what_it_does_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let Some(quart) = application("quart", &folder) else { return };
    let run = tempfile::tempdir().unwrap();
    check(&run, &quart.url, &["--cases", "300", "--rules", QUART])
        .with(0, &["quart 0.22.0", "conformant as far as tested"]);
    check(&run, &quart.url, &["--cases", "100", "--rules", "VARY"]).with(1, &["FAIL VARY-1"]);
}
