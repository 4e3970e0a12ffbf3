//! Servers that are down, slow, or something else: exit status 2, a message with a remedy, and no hang.

use super::check;
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// The URL of a server on a free port, each of whose connections is handled by a thread.
fn server(handle: impl Fn(TcpStream) + Copy + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            thread::spawn(move || handle(connection));
        }
    });
    format!("http://{address}/sessionproof-probe")
}

/// A server that reads a request's head and answers with some bytes.
fn answering(answer: &'static str) -> String {
    server(move |mut connection| {
        read_some(&mut connection);
        let _ = connection.write_all(answer.as_bytes());
    })
}

fn read_some(connection: &mut TcpStream) {
    let _ = connection.read(&mut [0; 4096]);
}

#[track_caller]
fn not_judged(url: &str, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    check(&folder, url, &["--call-timeout", "2"]).with(2, words).within(20);
}

#[test]
fn a_server_that_is_down() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    not_judged(&format!("http://{free}/"), &["no connection to http://127.0.0.1", "check that the server is running"]);
}

#[test]
fn a_host_that_is_not_there() {
    not_judged("http://nobody.invalid/", &["error: ", "check the URL"]);
}

#[test]
fn a_server_that_accepts_and_never_answers() {
    let url = server(|connection| {
        thread::sleep(Duration::from_secs(60));
        drop(connection);
    });
    not_judged(&url, &["within 2 s", "raise --call-timeout"]);
}

#[test]
fn a_server_that_dribbles_its_head() {
    let url = server(|mut connection| {
        read_some(&mut connection);
        for byte in b"HTTP/1.1 200 OK\r\nX: ".iter().chain(std::iter::repeat_n(&b'x', 600)) {
            let _ = connection.write_all(&[*byte]);
            thread::sleep(Duration::from_millis(100));
        }
    });
    not_judged(&url, &["within 2 s"]);
}

#[test]
fn a_server_that_dribbles_its_body() {
    let url = server(|mut connection| {
        read_some(&mut connection);
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for _ in 0..600 {
            let _ = connection.write_all(b" ");
            thread::sleep(Duration::from_millis(100));
        }
    });
    not_judged(&url, &["within 2 s"]);
}

#[test]
fn a_server_that_resets() {
    let url = server(|connection| {
        // Closing with the request unread resets the connection.
        thread::sleep(Duration::from_millis(50));
        drop(connection);
    });
    not_judged(&url, &["broke the connection", "its log may say why"]);
}

#[test]
fn a_server_that_closes_without_a_word() {
    let url = server(|mut connection| read_some(&mut connection));
    not_judged(&url, &["broke the connection"]);
}

#[test]
fn something_that_does_not_speak_http() {
    not_judged(&answering("SSH-2.0-OpenSSH_9.2\r\n\r\n"), &["does not answer in HTTP", "check host and port"]);
}

#[test]
fn another_page_in_the_place_of_a_probe() {
    let words = ["does not prove that the server has the secret key", "check that the URL is that of the probe"];
    not_judged(&answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<p>a"), &words);
    not_judged(&answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), &words);
    not_judged(
        &answering("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"),
        &["does not answer like a probe: HTTP status 500"],
    );
}

#[test]
fn a_server_without_a_probe_or_with_another_key() {
    let words = ["no probe at http://", "HTTP status 404", "SESSIONPROOF_PROBE_UNTIL", "--secret-key-file"];
    not_judged(&answering("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), &words);
    let dated = "HTTP/1.1 404 Not Found\r\nDate: Thu, 01 Jan 2015 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n";
    not_judged(&answering(dated), &["its clock is -3", "s ahead of ours"]);
}

#[test]
fn a_redirect_is_not_followed() {
    let found = "HTTP/1.1 302 Found\r\nLocation: https://example.com/probe\r\nContent-Length: 0\r\n\r\n";
    not_judged(&answering(found), &["it redirects to https://example.com/probe", "redirects are not followed"]);
}

#[test]
fn an_endless_body() {
    let url = server(|mut connection| {
        read_some(&mut connection);
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while connection.write_all(&[b' '; 65536]).is_ok() {}
    });
    not_judged(&url, &["is longer than", "name the URL of the probe itself"]);
}

#[test]
fn endless_headers() {
    let url = server(|mut connection| {
        read_some(&mut connection);
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\n");
        while connection.write_all(&b"X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n".repeat(100)).is_ok() {}
    });
    not_judged(&url, &["error: ", "http://127.0.0.1"]);
}

#[test]
fn a_plain_port_asked_for_tls() {
    let url = answering("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").replace("http:", "https:");
    not_judged(&url, &["TLS", "use http:// if the port does not use TLS"]);
}

#[test]
fn a_port_for_tls_asked_without() {
    // What TLS answers to a request in the clear: an alert.
    not_judged(&answering("\u{15}\u{3}\u{3}\0\u{2}\u{2}F"), &["use https:// if the port uses TLS"]);
}

#[test]
fn usage_that_makes_no_sense() {
    let url = answering("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let folder = tempfile::tempdir().unwrap();
    check(&folder, "ftp://127.0.0.1/", &[]).with(2, &["is not the URL of a probe", "write it as in"]);
    for url in ["http://me:password@127.0.0.1/", "http://me:password@example.com/", "http://example.com/p?password"] {
        let refused = check(&folder, url, &[]).with(2, &["is not the URL of a probe"]);
        assert!(!refused.text().contains("me:password") && !refused.text().contains("warning"), "{}", refused.text());
    }
    // A port that there is not is not the usual port.
    check(&folder, "http://127.0.0.1:99999/", &[]).with(2, &["is not the URL of a probe"]);
    check(&folder, &url, &["--lifetime", "soon"]).with(2, &["is not a time"]);
    check(&folder, &url, &["--fallback-key-file", "nowhere"]).with(2, &["nowhere cannot be read"]);
    check(&folder, &url, &["--ca-file", "key"]).with(2, &["the certificates to trust cannot be read"]);
    check(&folder, &url, &["flask"]).with(2, &["cannot be used with"]);
    std::fs::write(folder.path().join("empty"), "\n").unwrap();
    check(&folder, &url, &["--fallback-key-file", "empty"]).with(2, &["empty is empty, so it holds no key"]);
}
