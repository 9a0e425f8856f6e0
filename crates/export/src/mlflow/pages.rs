//! Pages of an answer, which the server links by tokens. A server that never ends is noticed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::failure::{Cause, Failure};

/// The most pages of one list: half a million runs.
const MOST: usize = 1000;

/// The tokens that were followed.
#[derive(Debug, Default)]
pub(super) struct Pages {
    followed: BTreeSet<String>,
}

impl Pages {
    /// The token of the page after `answer`; `None` after the last one.
    ///
    /// # Errors
    /// When the server repeats a token, and when there are too many pages.
    pub(super) fn after(&mut self, request: &str, answer: &Value) -> Result<Option<String>, Failure> {
        let Some(token) = answer["next_page_token"].as_str().filter(|token| !token.is_empty()) else {
            return Ok(None);
        };
        let endless = |reason: String| Err(Failure::lasting(request, Cause::NoMlflow(reason)));
        if !self.followed.insert(token.to_owned()) {
            return endless("it repeats a page".to_owned());
        }
        match self.followed.len() < MOST {
            true => Ok(Some(token.to_owned())),
            false => endless(format!("there are more than {MOST} pages")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_end_and_a_server_without_an_end_is_refused() {
        let page = |token: &str| json!({ "next_page_token": token });
        let mut pages = Pages::default();
        assert_eq!(pages.after("r", &page("a")), Ok(Some("a".to_owned())));
        assert_eq!(pages.after("r", &page("")), Ok(None));
        assert_eq!(pages.after("r", &json!({})), Ok(None));
        let repeated = Failure::lasting("r", Cause::NoMlflow("it repeats a page".to_owned()));
        assert_eq!(pages.after("r", &page("a")), Err(repeated));
        let mut pages = Pages::default();
        let ended = (0..=MOST).find(|number| pages.after("r", &page(&number.to_string())).is_err());
        assert_eq!(ended, Some(MOST - 1));
    }
}
