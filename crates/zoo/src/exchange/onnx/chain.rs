//! A graph in which each operator takes the output of the one before it.

use super::message::{AttributeProto, NodeProto};

/// Operators one after another.
pub(super) struct Chain {
    nodes: Vec<NodeProto>,
    /// Name of the value that the next operator takes.
    value: String,
}

impl Chain {
    /// Begins with the graph's input.
    pub(super) fn from_input(name: &str) -> Self {
        Self { nodes: Vec::new(), value: name.to_owned() }
    }

    /// Adds an operator with weights by their names.
    pub(super) fn add(&mut self, operator: &str, weights: &[String], attributes: Vec<AttributeProto>) {
        let name = format!("{}_{}", operator.to_lowercase(), self.nodes.len());
        let mut input = vec![std::mem::replace(&mut self.value, name.clone())];
        input.extend_from_slice(weights);
        self.nodes.push(NodeProto {
            input,
            output: vec![name.clone()],
            name,
            op_type: operator.to_owned(),
            attribute: attributes,
        });
    }

    /// The operators; the last one's output is the graph's, under this name.
    pub(super) fn ending_as(mut self, output: &str) -> Vec<NodeProto> {
        if let Some(last) = self.nodes.last_mut() {
            last.output = vec![output.to_owned()];
        }
        self.nodes
    }
}
