//! Traffic through processes: requests of one second, each an invocation of its own.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::hosted::{Call, Caller};
use crate::sim::lambda::Route;
use crate::sim::streams::uuid;
use crate::sim::world::World;

/// Sends so many requests, spread over the second. Nobody waits for the answers.
pub(in crate::sim) fn send(world: &mut World, route: &Route, second: i64, requests: u64) {
    let Ok(start) = Timestamp::from_second(second) else {
        return;
    };
    for number in 0..requests {
        let share = (number as f64 + 0.5) / requests as f64;
        let started = start + SignedDuration::from_secs_f64(share);
        if world.admit(route).is_err() {
            continue;
        }
        let request_id = uuid(world.stream("requests"));
        let call = Call {
            payload: http_event(world, &request_id, started).to_string(),
            request_id,
            ..Call::default()
        };
        world.open(route.clone(), call, started, Caller::Nobody);
    }
}

/// A plain `GET /` as an HTTP API or a function URL hands it over.
fn http_event(world: &World, request_id: &str, at: Timestamp) -> Value {
    let domain = format!("local.execute-api.{}.amazonaws.com", world.region());
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {"host": domain, "user-agent": "traffic"},
        "requestContext": {
            "accountId": world.account(),
            "apiId": "local",
            "domainName": domain,
            "domainPrefix": "local",
            "http": {
                "method": "GET",
                "path": "/",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "traffic",
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": at.as_millisecond(),
        },
        "isBase64Encoded": false,
    })
}
