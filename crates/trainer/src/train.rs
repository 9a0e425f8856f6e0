//! The training loop, from initial weights to test predictions, for one trial or for several that see
//! the same features.

use std::{ops::ControlFlow, sync::mpsc, thread, time::Instant};

use burn::{
    module::Module,
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData, activation::log_softmax},
};
use ranklab_kernels::Randomness;
use ranklab_zoo::{Model, UpperInput, UpperTrunk};

use crate::{
    Error,
    evaluation::Evaluation,
    event::{Event, OnEvent},
    input::Input,
    member::Member,
    outcome::Outcome,
    phases::{Clock, Phases},
    scores::Scores,
    trial::Trial,
};

/// The stream of the seed that dropout is drawn from; stream 0 is initial weights, and members shuffle by another.
const DROPOUT: u64 = 2 << 32;

/// Trains trials that [`Trial::joins`] says go together, or a single one: every step takes each of them
/// one step further. Events come with the place of their trial. One trial that diverges does not disturb
/// the others; each one's results are those that it has alone. A trial with a checkpoint joins in after
/// that epoch, and its results are those of a trial that never stopped.
///
/// A trial ends after the epoch in which one of its events is answered with
/// [`Break`](std::ops::ControlFlow::Break), as by a request to stop: with that epoch's checkpoint, and
/// [`Error::Stopped`] as its result. The others go on. Answers before its first epoch and after its last count for
/// nothing.
///
/// # Errors
/// When images cannot be read, the cache cannot be written, or it was asked to stop before training
/// began; what goes wrong with one trial, and a stop while training, stands in its place.
pub fn run_together(
    trials: &[Trial<'_>],
    on_event: OnEvent<'_>,
) -> Result<Vec<Result<Outcome, Error>>, Error> {
    let Some((first, others)) = trials.split_first() else { return Ok(Vec::new()) };
    if !others.iter().all(|other| first.joins(other)) {
        return Err(Error::Setting("these trials share no frozen part: train them one by one".to_owned()));
    }
    let mut phases = Phases::default();
    let stop = first.stop;
    let mut unanswered = |event| {
        let _ = on_event(0, event);
    };
    let (mut input, mut feature_seconds) = first.input(&mut phases, &mut unanswered)?;
    let device = first.device.clone().autodiff();
    let mut upper = first.network_settings().upper(first.weights, &device)?;
    if let Some(upper) = &mut upper {
        feature_seconds += first.add_frozen(&mut input, &upper.valid(), &mut phases, &mut unanswered)?;
        if phases.frozen_known {
            upper.forget_frozen_part();
        }
    }
    let valid_upper = upper.as_ref().map(Module::valid);
    let mut group = Group { first, input: &input, device, valid_upper, upper, members: Vec::new(), phases };
    for (place, trial) in trials.iter().enumerate() {
        let model = trial.network_settings().model(group.upper.as_ref(), &group.device)?;
        let mut member = Member::new(place, trial, model)?;
        // The first trial waits for them; the others find them there.
        member.feature_seconds += if place == 0 { feature_seconds } else { 0.0 };
        group.members.push(member);
    }
    let _ = on_event(0, Event::FeaturesReady);

    let done = group.members.iter().map(|member| member.start).min().unwrap_or(0);
    for epoch in done + 1..=first.training.epochs {
        group.train_epoch(epoch, on_event)?;
        if stop.is_requested() {
            break;
        }
        group.validate(epoch, on_event)?;
        if group.members.iter().all(|member| member.ended.is_some()) {
            break;
        }
    }
    if stop.is_requested() {
        return Ok(group.members.into_iter().map(Member::stopped).collect());
    }
    group.test(on_event)
}

impl Trial<'_> {
    /// Trains, restores the best epoch and predicts the test images. An answer of
    /// [`Break`](std::ops::ControlFlow::Break) stops the trial after the epoch in which it is given.
    ///
    /// # Errors
    /// When images cannot be read, the cache cannot be written, training diverges or is asked to stop.
    pub fn run(&self, on_event: &mut dyn FnMut(Event) -> ControlFlow<()>) -> Result<Outcome, Error> {
        run_together(std::slice::from_ref(self), &mut |_, event| on_event(event))?.remove(0)
    }
}

/// Trials in training.
struct Group<'a> {
    first: &'a Trial<'a>,
    input: &'a Input,
    device: Device,
    upper: Option<UpperTrunk>,
    valid_upper: Option<UpperTrunk>,
    members: Vec<Member<'a>>,
    phases: Phases,
}

/// What a step needs: features for each member, member by member, or the same for all.
struct Batch {
    features: UpperInput,
    /// One list of images per member.
    images: Vec<Vec<usize>>,
}

impl Group<'_> {
    /// The places of the members that train in this epoch.
    fn active(&self, epoch: usize) -> Vec<usize> {
        let trains = |member: &Member<'_>| member.ended.is_none() && member.start < epoch;
        (0..self.members.len()).filter(|&place| trains(&self.members[place])).collect()
    }

    /// Adds the seconds since `started` to those of the members at `places`, each its share.
    fn add_train_seconds(&mut self, places: &[usize], started: Instant) {
        let seconds = started.elapsed().as_secs_f64() / places.len().max(1) as f64;
        for &place in places {
            self.members[place].train_seconds += seconds;
        }
    }

    fn train_epoch(&mut self, epoch: usize, on_event: OnEvent<'_>) -> Result<(), Error> {
        let active = self.active(epoch);
        if active.is_empty() {
            return Ok(());
        }
        let (stop, batch_size) = (self.first.stop, self.first.training.batch_size.max(1));
        let steps = self.first.train.len().div_ceil(batch_size);
        for &place in &active {
            let epochs = self.first.training.epochs;
            self.members[place].report(Event::EpochStarted { epoch, epochs, steps }, on_event);
        }
        let started = Instant::now();
        let mut orders: Vec<Vec<usize>> =
            active.iter().map(|&place| self.members[place].order(epoch)).collect();
        // Equal seeds shuffle alike: one batch serves all.
        let members = orders.len();
        if orders.windows(2).all(|pair| pair[0] == pair[1]) {
            orders.truncate(1);
        }
        let (input, device) = (self.input, self.device.clone());
        thread::scope(|scope| {
            // The next batch is gathered while this one is computed.
            let (sender, batches) = mpsc::sync_channel(1);
            scope.spawn(move || {
                for step in 0..steps {
                    let images: Vec<Vec<usize>> = orders
                        .iter()
                        .map(|order| {
                            order[step * batch_size..order.len().min((step + 1) * batch_size)].to_vec()
                        })
                        .collect();
                    let features = input.batch(&images.concat(), &device);
                    let images = if images.len() == 1 { vec![images[0].clone(); members] } else { images };
                    let batch = features.map(|features| Batch { features, images });
                    let stop = batch.is_err();
                    // The receiver is gone when training was given up.
                    if sender.send(batch).is_err() || stop {
                        break;
                    }
                }
            });
            let mut clock = Clock::start();
            for (place, batch) in batches.into_iter().enumerate() {
                clock.add(&mut self.phases.gather);
                // One that diverges is taken along, without effect, to the end of its epoch.
                if self.active(epoch).is_empty() || stop.is_requested() {
                    break;
                }
                self.step(&active, batch?, epoch, (epoch - 1) * steps + place + 1, on_event)?;
                clock = Clock::start();
            }
            Ok::<(), Error>(())
        })?;
        let seconds = started.elapsed().as_secs_f64() / active.len() as f64;
        for &place in &active {
            self.members[place].epoch_seconds = seconds;
            self.members[place].step_seconds += seconds;
        }
        self.add_train_seconds(&active, started);
        Ok(())
    }

    /// One step of every active member.
    fn step(
        &mut self,
        active: &[usize],
        batch: Batch,
        epoch: usize,
        step: usize,
        on_event: OnEvent<'_>,
    ) -> Result<(), Error> {
        let mut clock = Clock::start();
        let seed = |place: usize| self.members[place].trial.training.seed;
        let mut dropout: Vec<Randomness> =
            active.iter().map(|&place| Randomness::new(seed(place), DROPOUT + step as u64)).collect();
        let models: Vec<&Model> = active.iter().map(|&place| &self.members[place].model).collect();
        let images = batch.images[0].len();
        let scores =
            Model::forward_together(self.upper.as_ref(), &models, batch.features, images, &mut dropout);
        let loss = scores
            .iter()
            .zip(active.iter().zip(&batch.images))
            .map(|(scores, (&place, images))| {
                let labels = self.members[place].trial.labels(images);
                cross_entropy(scores.clone(), &labels, &self.device)
            })
            .reduce(|sum, loss| sum + loss);
        let Some(loss) = loss else { return Ok(()) };
        clock.add(&mut self.phases.forward);
        let mut gradients = loss.backward();
        clock.add(&mut self.phases.backward);
        for ((&place, scores), images) in active.iter().zip(scores).zip(&batch.images) {
            let member = &mut self.members[place];
            if member.ended.is_some() {
                continue;
            }
            let own = GradientsParams::from_module(&mut gradients, &member.model);
            let rate = member.trial.training.learning_rate;
            member.model = member.optimizer.step(rate, member.model.clone(), own);
            clock.add(&mut self.phases.optimizer);
            member.record(&Scores::read(scores)?, images, epoch, step, on_event);
            clock.add(&mut self.phases.report);
        }
        Ok(())
    }

    fn validate(&mut self, epoch: usize, on_event: OnEvent<'_>) -> Result<(), Error> {
        let started = Instant::now();
        let active = self.active(epoch);
        if active.is_empty() {
            return Ok(());
        }
        let snapshots: Vec<Model> = active.iter().map(|&place| self.members[place].model.valid()).collect();
        let evaluations = self.evaluate(&snapshots, self.first.validation)?;
        self.add_train_seconds(&active, started);
        let steps = self.first.train.len().div_ceil(self.first.training.batch_size.max(1));
        for ((place, snapshot), evaluation) in active.into_iter().zip(snapshots).zip(evaluations) {
            self.members[place].finish_epoch([epoch, epoch * steps], snapshot, &evaluation, on_event);
        }
        Ok(())
    }

    /// Predicts the test images with every member's best model.
    fn test(mut self, on_event: OnEvent<'_>) -> Result<Vec<Result<Outcome, Error>>, Error> {
        let started = Instant::now();
        let active = self.active(usize::MAX);
        if active.is_empty() {
            return Ok(self.members.into_iter().filter_map(|member| member.ended).map(Err).collect());
        }
        for &place in &active {
            let _ = on_event(place, Event::TestStarted { images: self.first.test.len() });
        }
        let mut bests = Vec::new();
        for &place in &active {
            let best = self.members[place].best.take();
            bests.push(
                best.ok_or_else(|| Error::Setting("epochs is 0: give a whole number from 1".to_owned()))?,
            );
        }
        let models: Vec<Model> = bests.iter().map(|best| best.model.clone()).collect();
        let evaluations = self.evaluate(&models, self.first.test)?;
        let test_seconds = started.elapsed().as_secs_f64() / active.len().max(1) as f64;
        let mut tested = bests.into_iter().zip(evaluations);
        let trained = self.first.train.len() * self.first.training.epochs;
        let outcomes = self.members.into_iter().map(|member| {
            if let Some(reason) = member.ended {
                return Err(reason);
            }
            let Some((best, evaluation)) = tested.next() else {
                return Err(Error::Setting("the trial was not tested".to_owned()));
            };
            Ok(Outcome {
                best_epoch: best.epoch,
                model: best.model.to_safetensors(self.input.calibration())?,
                model_hash: best.model.state_hash(),
                test_loss: evaluation.loss(),
                probabilities: evaluation.into_probabilities(),
                feature_seconds: member.feature_seconds,
                train_seconds: member.train_seconds,
                test_seconds,
                images_per_second: trained as f64 / member.step_seconds,
                phases: self.phases,
            })
        });
        Ok(outcomes.collect())
    }

    /// Scores of the same images under every model.
    fn evaluate(&mut self, models: &[Model], indices: &[usize]) -> Result<Vec<Evaluation>, Error> {
        let mut clock = Clock::start();
        let models: Vec<&Model> = models.iter().collect();
        let mut evaluations: Vec<Evaluation> = models.iter().map(|_| Evaluation::default()).collect();
        let at_once = self.first.evaluated_at_once(models.len())?;
        for batch in indices.chunks(at_once) {
            let features = self.input.batch(batch, self.first.device)?;
            let scores =
                Model::forward_together(self.valid_upper.as_ref(), &models, features, batch.len(), &mut []);
            let labels = self.first.labels(batch);
            for (evaluation, scores) in evaluations.iter_mut().zip(scores) {
                evaluation.add(&Scores::read(scores)?, &labels);
            }
        }
        clock.add(&mut self.phases.evaluate);
        Ok(evaluations)
    }
}

/// Mean cross-entropy of class scores `[batch, 2]`.
fn cross_entropy(scores: Tensor<2>, labels: &[u8], device: &Device) -> Tensor<1> {
    let hot: Vec<f32> = labels.iter().flat_map(|&label| [f32::from(1 - label), f32::from(label)]).collect();
    let hot = Tensor::from_data(TensorData::new(hot, [labels.len(), 2]), device);
    (log_softmax(scores, 1) * hot).sum().div_scalar(-(labels.len() as f64))
}
