//! A server with the part of MLflow's REST API that exports use, in memory, which can be made to fail.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
    thread,
};

use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    /// `METHOD path`.
    pub line: String,
    /// The header `Authorization`.
    pub authorization: Option<String>,
    pub body: Vec<u8>,
}

/// A run on the server.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub experiment: String,
    pub status: String,
    pub is_deleted: bool,
    pub tags: BTreeMap<String, String>,
    pub parameters: BTreeMap<String, String>,
    pub metrics: Vec<Value>,
}

/// What the server holds.
#[derive(Debug, Default)]
pub struct State {
    /// Names and tags; the id is the position.
    pub experiments: Vec<(String, Value)>,
    /// The id is the position.
    pub runs: Vec<Run>,
    /// Bytes of uploaded files by their path.
    pub files: BTreeMap<String, usize>,
    pub requests: Vec<String>,
}

/// The status of an answer that is lost: the server does what is asked for all the same.
pub const ANSWER_LOST: u16 = 504;

/// A status and a text to answer with instead of MLflow.
pub type Disturbance = Box<dyn Fn(&Request) -> Option<(u16, &'static str)> + Send + Sync>;

pub struct Server {
    pub address: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub fn start(disturbance: Disturbance) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that was killed needs no answer.
                let _ = serve(stream.unwrap(), &shared, &disturbance);
            }
        });
        Self { address, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Runs that are not deleted.
    pub fn runs(&self) -> Vec<Run> {
        self.state().runs.iter().filter(|run| !run.is_deleted).cloned().collect()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>, disturbance: &Disturbance) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length, mut authorization) = (String::new(), 0, None);
    reader.read_line(&mut line)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "authorization" => authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let (status, text) = {
        let mut state = state.lock().unwrap();
        state.requests.push(line.clone());
        let request = Request { line, authorization, body };
        match disturbance(&request) {
            Some((status, text)) => {
                if status == ANSWER_LOST {
                    state.answer(&request);
                }
                (status, text.to_owned())
            }
            None => state.answer(&request),
        }
    };
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    (&stream).write_all((head + &text).as_bytes())
}

fn refusal(code: &str) -> (u16, String) {
    (400, json!({ "error_code": code, "message": "it says why" }).to_string())
}

/// Tags as MLflow sends them, as a map.
fn map(tags: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    tags.as_array().into_iter().flatten().map(|tag| (text(&tag["key"]), text(&tag["value"]))).collect()
}

fn list(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// Whether tags fulfil a filter: conditions tags.`KEY` = 'VALUE' joined by and.
fn fulfil(tags: &BTreeMap<String, String>, filter: &Value) -> bool {
    filter.as_str().unwrap().split(" and ").all(|condition| {
        let (key, value) = condition.split_once(" = ").unwrap();
        let key = key.strip_prefix("tags.`").unwrap().trim_end_matches('`');
        tags.get(key).is_some_and(|found| *found == value.trim_matches('\''))
    })
}

impl State {
    fn answer(&mut self, request: &Request) -> (u16, String) {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if let Some(path) = request.line.strip_prefix("PUT /api/2.0/mlflow-artifacts/artifacts/") {
            self.files.insert(path.to_owned(), request.body.len());
            return (200, String::new());
        }
        let (method, path) = request.line.split_once(' ').unwrap();
        let call = path.strip_prefix("/api/2.0/mlflow/").unwrap_or(path);
        let answer = match (method, call.split('?').next().unwrap()) {
            ("POST", "experiments/search") => self.search_experiments(&body),
            ("POST", "experiments/create") => {
                let name = body["name"].as_str().unwrap();
                if self.experiments.iter().any(|(taken, _)| taken == name) {
                    return refusal("RESOURCE_ALREADY_EXISTS");
                }
                self.experiments.push((name.to_owned(), body["tags"].clone()));
                json!({ "experiment_id": (self.experiments.len() - 1).to_string() })
            }
            ("POST", "runs/search") => self.search_runs(&body),
            ("POST", "runs/create") => self.create(&body),
            ("GET", "metrics/get-history") => self.history(call),
            ("POST", _) => {
                let Some(run) = body["run_id"].as_str().and_then(|id| id.parse::<usize>().ok()) else {
                    return refusal("ENDPOINT_NOT_FOUND");
                };
                change(&mut self.runs[run], call, &body);
                json!({})
            }
            _ => return (404, "<!doctype html>".to_owned()),
        };
        (200, answer.to_string())
    }

    fn search_experiments(&self, body: &Value) -> Value {
        let found =
            self.experiments.iter().enumerate().filter(|(_, (_, tags))| fulfil(&map(tags), &body["filter"]));
        let found: Value = found
            .map(|(id, (name, tags))| json!({ "experiment_id": id.to_string(), "name": name, "tags": tags }))
            .collect();
        json!({ "experiments": found })
    }

    fn search_runs(&self, body: &Value) -> Value {
        let experiments = body["experiment_ids"].as_array().unwrap();
        let all = self.runs.iter().enumerate().filter(|(_, run)| {
            !run.is_deleted
                && experiments.iter().any(|id| *id == run.experiment.as_str())
                && fulfil(&run.tags, &body["filter"])
        });
        // One run a page.
        let skipped: usize = body["page_token"].as_str().unwrap_or("0").parse().unwrap();
        let mut all = all.skip(skipped);
        let page: Vec<Value> = all
            .by_ref()
            .take(1)
            .map(|(id, run)| json!({ "info": { "run_id": id.to_string() }, "data": { "tags": list(&run.tags) } }))
            .collect();
        match all.next() {
            Some(_) => json!({ "runs": page, "next_page_token": (skipped + 1).to_string() }),
            None => json!({ "runs": page }),
        }
    }

    fn create(&mut self, body: &Value) -> Value {
        let id = self.runs.len();
        let experiment = body["experiment_id"].as_str().unwrap().to_owned();
        self.runs.push(Run {
            experiment: experiment.clone(),
            status: "RUNNING".to_owned(),
            tags: map(&body["tags"]),
            ..Run::default()
        });
        let address = format!("mlflow-artifacts:/{experiment}/{id}/artifacts");
        json!({ "run": { "info": { "run_id": id.to_string(), "artifact_uri": address } } })
    }

    fn history(&self, call: &str) -> Value {
        let parameter = |name: &str| {
            let query = call.split('?').nth(1).unwrap();
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
            pair.unwrap().replace("%2F", "/")
        };
        let run = &self.runs[parameter("run_id").parse::<usize>().unwrap()];
        let key = parameter("metric_key");
        let found: Vec<&Value> = run.metrics.iter().filter(|metric| metric["key"] == key.as_str()).collect();
        json!({ "metrics": found })
    }
}

/// Changes a run as a request asks.
fn change(run: &mut Run, call: &str, body: &Value) {
    match call {
        "runs/log-batch" => {
            run.parameters.extend(map(&body["params"]));
            let metrics = body["metrics"].as_array().cloned().unwrap_or_default();
            assert!(metrics.len() <= 1000 && body["params"].as_array().is_none_or(|list| list.len() <= 100));
            run.metrics.extend(metrics);
        }
        "runs/set-tag" => {
            let text = |name: &str| body[name].as_str().unwrap().to_owned();
            run.tags.insert(text("key"), text("value"));
        }
        "runs/update" => run.status = body["status"].as_str().unwrap().to_owned(),
        "runs/delete" => run.is_deleted = true,
        other => panic!("an unknown request: {other}"),
    }
}
