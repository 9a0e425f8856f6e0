//! Requests to an MLflow server and its answers. <https://mlflow.org/docs/latest/api_reference/rest-api.html>

use std::fs::File;
use std::time::Duration;

use serde_json::Value;
use ureq::{Agent, Body, http::Response};

use super::access::Access;
use super::address::Address;
use super::failure::{Cause, Failure};
use super::patience::Patience;

/// Where the tracking API stands.
const API: &str = "/api/2.0/mlflow/";
/// Where artifacts are uploaded through the server.
const ARTIFACTS: &str = "/api/2.0/mlflow-artifacts/artifacts/";
/// Time after which a server that takes no connection counts as away.
const CONNECTION: Duration = Duration::from_secs(10);
/// The slowest upload, in bytes a second.
const SLOWEST: u64 = 64 << 10;
/// The largest answer.
const LARGEST: u64 = 256 << 20;

/// A connection to a server.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    address: Address,
    authorization: Option<String>,
    patience: Patience,
}

impl Client {
    /// A client for a server; nothing is sent yet.
    pub(super) fn new(address: Address, access: &Access, patience: Patience) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_resolve(Some(CONNECTION))
            .timeout_connect(Some(CONNECTION))
            .timeout_global(Some(patience.answer))
            .build()
            .into();
        Self { agent, address, authorization: access.header(), patience }
    }

    /// The server's address.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Repeats `call` while it fails in a way that may pass.
    pub(super) fn repeat<T>(&self, call: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
        self.patience.repeat(call)
    }

    /// Asks for something; repeats the request where that may help.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Failure> {
        let request = format!("GET {path}");
        self.repeat(|| {
            let mut asked = self.agent.get(self.address.of(&format!("{API}{path}")));
            for (name, value) in query {
                asked = asked.query(*name, *value);
            }
            if let Some(value) = &self.authorization {
                asked = asked.header("Authorization", value);
            }
            answer(&request, asked.call())
        })
    }

    /// Posts a request once.
    pub(super) fn post_once(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let mut posted = self.agent.post(self.address.of(&format!("{API}{path}")));
        if let Some(value) = &self.authorization {
            posted = posted.header("Authorization", value);
        }
        answer(
            &format!("POST {path}"),
            posted.header("Content-Type", "application/json").send(body.to_string()),
        )
    }

    /// Posts a request that may arrive twice; repeats it where that may help.
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.repeat(|| self.post_once(path, body))
    }

    /// Uploads a file through the server once.
    pub(super) fn upload_once(&self, path: &str, file: &File) -> Result<Value, Failure> {
        let bytes = file.metadata().map_or(0, |file| file.len());
        let longest = self.patience.answer + Duration::from_secs(bytes / SLOWEST);
        let uploaded = self.agent.put(self.address.of(&format!("{ARTIFACTS}{path}")));
        let mut uploaded = uploaded.config().timeout_global(Some(longest)).build();
        if let Some(value) = &self.authorization {
            uploaded = uploaded.header("Authorization", value);
        }
        answer("PUT of an artifact", uploaded.header("Content-Type", "application/octet-stream").send(file))
    }
}

/// The JSON of an answer.
fn answer(request: &str, outcome: Result<Response<Body>, ureq::Error>) -> Result<Value, Failure> {
    let away = |problem: ureq::Error| Failure::passing(request, Cause::Away(problem.to_string()));
    let response = outcome.map_err(away)?;
    let status = response.status().as_u16();
    let text = response.into_body().into_with_config().limit(LARGEST).read_to_vec().map_err(away)?;
    let parsed: Option<Value> = serde_json::from_slice(&text).ok();
    let described = || described(status, parsed.as_ref(), &text);
    match (status, &parsed) {
        (200, Some(value)) => Ok(value.clone()),
        // Some answers of the server have no content.
        (200, None) if text.is_empty() => Ok(Value::Null),
        (401 | 403, _) => Err(Failure::lasting(request, Cause::Unauthorized(described()))),
        (429 | 500.., _) => Err(Failure::passing(request, Cause::Server(described()))),
        (_, Some(value)) if value["error_code"].is_string() => {
            let code = value["error_code"].as_str().unwrap_or_default().to_owned();
            Err(Failure::lasting(request, Cause::Refused { code, message: described() }))
        }
        _ => {
            Err(Failure::lasting(request, Cause::NoMlflow(format!("status {status} without MLflow's JSON"))))
        }
    }
}

/// The message of an answer that is none, in one line.
fn described(status: u16, parsed: Option<&Value>, text: &[u8]) -> String {
    let message = parsed.and_then(|value| value["message"].as_str()).map(str::to_owned);
    let message = message.unwrap_or_else(|| String::from_utf8_lossy(text).into_owned());
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = message.chars().take(200).collect();
    if short.is_empty() || short.starts_with('<') {
        format!("status {status}")
    } else {
        format!("status {status}, {short}")
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;
    use std::time::Instant;

    use super::*;

    /// A server that sends one byte of its answer at a time and never ends.
    fn slow_server() -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
                while stream.write_all(b" ").is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
            }
        });
        address
    }

    #[test]
    fn an_answer_that_never_ends_is_given_up_after_the_time_of_an_attempt() {
        let patience = Patience {
            attempts: 2,
            first_pause: Duration::from_millis(1),
            answer: Duration::from_millis(300),
            ..Patience::default()
        };
        let client = Client::new(slow_server(), &Access::Open, patience);
        let begin = Instant::now();
        let failure = client.get("experiments/get", &[]).unwrap_err();
        assert!(matches!(failure.cause, Cause::Away(_)), "{failure:?}");
        let file = tempfile::tempfile().unwrap();
        client.upload_once("model", &file).unwrap_err();
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    }
}
