//! What a request's signature tells, without verifying it.
//!
//! The secret key is never known here, so a signature is taken as given: any key signs. An
//! unsigned request is refused as AWS does, because it is a mistake that would only show up there.

use axum::http::{HeaderMap, Uri};

/// The scope of a version 4 signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// The service's signing name, such as `monitoring`.
    pub(super) service: String,
    /// The role that signed, if it was a function's process.
    pub(super) role: Option<String>,
}

/// What the access key of a function's process begins with; the name of its role follows. AWS finds
/// the role of a key in its books, and here the key says it.
const ROLE: &str = "role.";

/// The access key of processes that run under that role.
pub(crate) fn access_key(role: &str) -> String {
    format!("{ROLE}{role}")
}

/// The scope of the request's signature, from its header or, presigned, from its query.
pub(super) fn scope(headers: &HeaderMap, uri: &Uri) -> Option<Scope> {
    let header = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(algorithm, _)| algorithm.starts_with("AWS4-"))
        .and_then(|(_, rest)| {
            rest.split(',')
                .find_map(|part| part.trim().strip_prefix("Credential="))
        })
        .map(str::to_owned);
    let credential = header.or_else(|| {
        form_urlencoded::parse(uri.query()?.as_bytes())
            .find(|(name, _)| name == "X-Amz-Credential")
            .map(|(_, value)| value.into_owned())
    })?;
    // key/date/region/service/aws4_request; the key id itself may contain no slash.
    let service = credential.split('/').rev().nth(1)?.to_owned();
    let role = credential.split('/').next()?.strip_prefix(ROLE);
    Some(Scope {
        service,
        role: role.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(authorization: &str) -> Option<Scope> {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", authorization.parse().expect("a header"));
        scope(&headers, &Uri::from_static("/"))
    }

    #[test]
    fn the_service_is_read_from_the_header_or_the_query() {
        let lambda = Some(Scope {
            service: "lambda".to_owned(),
            role: None,
        });
        let header = "AWS4-HMAC-SHA256 Credential=test/20270101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=00";
        assert_eq!(signed(header), lambda);
        let uri = Uri::from_static(
            "/?X-Amz-Credential=test%2F20270101%2Fus-east-1%2Flambda%2Faws4_request",
        );
        assert_eq!(scope(&HeaderMap::new(), &uri), lambda);
    }

    #[test]
    fn the_key_of_a_functions_process_tells_its_role() {
        let key = access_key("canary-StepperRole");
        let header = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20270101/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=00"
        );
        let found = signed(&header).expect("signed");
        assert_eq!(found.role.as_deref(), Some("canary-StepperRole"));
    }

    #[test]
    fn anything_else_is_unsigned() {
        assert_eq!(scope(&HeaderMap::new(), &Uri::from_static("/?a=b")), None);
        for header in [
            "Basic dGVzdA==",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=test",
            "x",
        ] {
            assert_eq!(signed(header), None, "{header}");
        }
    }
}
