//! The endpoint of `canary local` under load: so many requests a second from one client with connections
//! that it keeps, and then a day of the simulated AWS's own time, with the memory of the process beside it.
//!
//! `make endpoint-load` runs it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use clap::Parser;
use lambda_canary::clock::Clock;

/// The endpoint under load.
#[derive(Debug, Parser)]
struct Args {
    /// The program `canary`.
    canary: String,
    /// The port of the endpoint.
    #[arg(long, default_value_t = 14_599)]
    port: u16,
    /// Connections at a time.
    #[arg(long, default_value_t = 8)]
    connections: u32,
    /// For how many seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// Requests a second that have to be answered.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// How much faster time passes while a day does.
    #[arg(long, default_value_t = 1_000)]
    speed: u32,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let loaded = under_load(&args);
    let day = over_a_day(&args);
    match loaded && day {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// As many requests as go through, on all connections.
fn under_load(args: &Args) -> bool {
    let endpoint = Endpoint::start(args, 1);
    let before = endpoint.resident();
    let clock = Clock::real();
    let began = clock.now();
    let threads: Vec<_> = (0..args.connections)
        .map(|number| {
            let (port, seconds) = (args.port, args.seconds);
            thread::spawn(move || requests(port, number, seconds))
        })
        .collect();
    let (mut answered, mut errors) = (0_u64, 0_u64);
    for one in threads {
        let (good, bad) = one.join().expect("a client does not panic");
        answered += good;
        errors += bad;
    }
    let took = clock.now().duration_since(began).as_secs_f64();
    let rate = answered as f64 / took;
    println!(
        "{answered} requests on {} connections in {took:.1} s: {rate:.0} a second, {errors} errors; \
         memory {before} kB before, {} kB after",
        args.connections,
        endpoint.resident()
    );
    errors == 0 && rate >= f64::from(args.rate)
}

/// A day passes with traffic, an alarm, and a client that looks and writes now and then.
fn over_a_day(args: &Args) -> bool {
    let endpoint = Endpoint::start(args, args.speed);
    let mut connection = Connection::open(args.port);
    let hour = Duration::from_secs_f64(3_600.0 / f64::from(args.speed));
    let mut resident = Vec::new();
    let mut errors = 0_u64;
    for _ in 0..36 {
        let clock = Clock::real();
        let until = clock.now() + hour;
        let mut number = 0;
        while clock.now() < until {
            errors += u64::from(!connection.ask(number));
            number += 1;
            thread::sleep(Duration::from_millis(5));
        }
        resident.push(endpoint.resident());
    }
    let (noon, last) = (resident[17], resident[35]);
    println!(
        "a day and a half, {} times as fast, {errors} errors; memory by the hour: {resident:?} kB",
        args.speed
    );
    println!("hour 18: {noon} kB, hour 36: {last} kB");
    // What is kept is kept for twelve hours at most, or by number.
    errors == 0 && last < noon + noon / 10
}

fn requests(port: u16, number: u32, seconds: u32) -> (u64, u64) {
    let mut connection = Connection::open(port);
    let clock = Clock::real();
    let until = clock.now() + Duration::from_secs(seconds.into());
    let (mut good, mut bad) = (0, 0);
    while clock.now() < until {
        match connection.ask(number as u64 + good) {
            true => good += 1,
            false => bad += 1,
        }
    }
    (good, bad)
}

struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the endpoint listens");
        stream.set_nodelay(true).expect("a TCP connection");
        let patience = Some(Duration::from_secs(10));
        stream.set_read_timeout(patience).expect("more than zero");
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Looks at the alias or the alarms, or writes the alias; whether it was answered well.
    fn ask(&mut self, number: u64) -> bool {
        let alias = "/2015-03-31/functions/hello/aliases/live";
        let form = "application/x-www-form-urlencoded";
        match number % 4 {
            0 | 1 => self.send("GET", alias, "lambda", "application/json", ""),
            2 => {
                let body = "Action=DescribeAlarms&Version=2010-08-01";
                self.send("POST", "/", "monitoring", form, body)
            }
            _ => {
                let body = format!("{{\"Description\": \"{number}\"}}");
                self.send("PUT", alias, "lambda", "application/json", &body)
            }
        }
    }

    fn send(&mut self, method: &str, path: &str, service: &str, kind: &str, body: &str) -> bool {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=test/20270115/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=0\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let sent = self.stream.get_mut().write_all(request.as_bytes());
        sent.is_ok() && self.answer().unwrap_or(false)
    }

    /// Reads an answer to its end.
    fn answer(&mut self) -> std::io::Result<bool> {
        let (mut line, mut length) = (String::new(), 0);
        self.stream.read_line(&mut line)?;
        let good = line.split(' ').nth(1) == Some("200");
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(text) = header.strip_prefix("content-length:") {
                length = text.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(good)
    }
}

struct Endpoint(Child);

impl Endpoint {
    fn start(args: &Args, speed: u32) -> Self {
        let child = Command::new(&args.canary)
            .args(["local", "--port", &args.port.to_string()])
            .args(["--speed", &speed.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .expect("the program can be run");
        let endpoint = Self(child);
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", args.port)).is_ok() {
                return endpoint;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("the endpoint does not listen on port {}", args.port);
    }

    /// The memory that the process holds, in kilobytes.
    fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.0.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
