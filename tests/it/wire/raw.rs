//! HTTP by hand, for what no SDK would send.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use lambda_canary::local::LocalAws;

/// How long an answer may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A signature's header: taken as given by the endpoint.
pub(super) fn signed(service: &str) -> (&'static str, String) {
    let credential = format!("Credential=test/20270115/us-east-1/{service}/aws4_request");
    (
        "authorization",
        format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"),
    )
}

/// Sends a request and waits for the whole answer.
pub(super) async fn request(
    aws: &LocalAws,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> Answer {
    let bytes = bytes_of(method, path, headers, body);
    let address = aws.address();
    let sent = tokio::task::spawn_blocking(move || send(address, &bytes));
    sent.await
        .expect("the sender does not panic")
        .expect("an answer")
}

/// A request as bytes.
pub(super) fn bytes_of(
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Sends bytes and reads until the other side closes; `None` if it closed without an answer.
pub(super) fn send(address: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).expect("the endpoint listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a positive timeout");
    // A server that refuses early may close before everything is sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    if let Err(problem) = stream.read_to_end(&mut answer) {
        let hangs = matches!(problem.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        assert!(!hangs, "no answer within {PATIENCE:?}");
    }
    parse(&answer)
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer {
        status,
        head,
        body: answer[end + 4..].to_vec(),
    })
}
