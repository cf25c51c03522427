//! Pages of a list: an opaque token that is an offset.

/// The token was not one of ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InvalidToken;

/// The page that starts at the token, and the token of the next one.
pub(super) fn page<T>(
    items: impl IntoIterator<Item = T>,
    token: Option<&str>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), InvalidToken> {
    let offset = token.map_or(Ok(0), parse)?;
    let mut items = items.into_iter().skip(offset);
    let page: Vec<T> = items.by_ref().take(size).collect();
    let next = items
        .next()
        .map(|_| format!("page-{}", offset + page.len()));
    Ok((page, next))
}

fn parse(token: &str) -> Result<usize, InvalidToken> {
    token
        .strip_prefix("page-")
        .and_then(|offset| offset.parse().ok())
        .ok_or(InvalidToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_the_list_once() {
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let (part, next) = page(0..10, token.as_deref(), 3).expect("our own token");
            seen.extend(part);
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn a_foreign_token_is_refused() {
        assert_eq!(page(0..10, Some("7"), 3), Err(InvalidToken));
    }
}
