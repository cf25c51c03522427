//! Reading a request's body: bounded in size and time, and unpacked.

use std::io::Read as _;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use flate2::read::GzDecoder;

use crate::sim::AwsError;

/// The largest body that is read: a synchronous invocation's payload, with a little room so that
/// the operation itself can refuse one that is just too large.
pub(super) const MAX_BODY: usize = 6_291_456 + 64 * 1_024;

/// How long a client may take to send its body.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// The whole body, unpacked if it is compressed: SDKs compress large `PutMetricData` calls.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, AwsError> {
    let read = tokio::time::timeout(MAX_WAIT, axum::body::to_bytes(body, MAX_BODY));
    let bytes = match read.await {
        Ok(Ok(bytes)) => Vec::from(bytes),
        Ok(Err(problem)) => return Err(unread(&problem)),
        Err(_) => {
            return Err(AwsError::new(
                "RequestTimeoutException",
                408,
                "The body did not arrive in time.",
            ));
        }
    };
    match headers
        .get("content-encoding")
        .map(|value| value.as_bytes())
    {
        Some(b"gzip") => unpack(&bytes),
        _ => Ok(bytes),
    }
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, AwsError> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells "too large" from "just fits".
    let limit = u64::try_from(MAX_BODY + 1).unwrap_or(u64::MAX);
    GzDecoder::new(packed)
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|problem| {
            AwsError::new(
                "SerializationException",
                400,
                format!("not gzip: {problem}"),
            )
        })?;
    if bytes.len() > MAX_BODY {
        Err(too_large())
    } else {
        Ok(bytes)
    }
}

fn unread(problem: &axum::Error) -> AwsError {
    // axum hides the limit's error inside its own.
    let mut cause: Option<&dyn std::error::Error> = Some(problem);
    while let Some(error) = cause {
        if error.to_string().contains("length limit") {
            return too_large();
        }
        cause = error.source();
    }
    AwsError::new(
        "SerializationException",
        400,
        format!("The body could not be read: {problem}"),
    )
}

fn too_large() -> AwsError {
    let message = format!("Request must be smaller than {MAX_BODY} bytes for this local AWS");
    AwsError::new("RequestEntityTooLargeException", 413, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("writing to a vector");
        encoder.finish().expect("writing to a vector")
    }

    #[test]
    fn a_compressed_body_is_unpacked() {
        assert_eq!(unpack(&packed(b"hello")).expect("good gzip"), b"hello");
    }

    #[test]
    fn a_bomb_and_garbage_are_refused() {
        let bomb = unpack(&packed(&vec![0; MAX_BODY * 4])).expect_err("too large");
        assert_eq!(
            (bomb.status, bomb.code.as_str()),
            (413, "RequestEntityTooLargeException")
        );
        assert_eq!(
            unpack(b"garbage").expect_err("not gzip").code,
            "SerializationException"
        );
    }

    #[tokio::test]
    async fn a_large_body_is_refused() {
        let body = Body::from(vec![b' '; MAX_BODY + 1]);
        assert_eq!(
            read(&HeaderMap::new(), body)
                .await
                .expect_err("too large")
                .status,
            413
        );
    }
}
