//! The training loop, from initial weights to test predictions, for one trial or for several that see
//! the same features.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Instant,
};

use burn::{
    module::Module,
    optim::{GradientsParams, ModuleOptimizer},
    tensor::{Device, Tensor, TensorData, activation::log_softmax},
};
use rand::seq::SliceRandom;
use ranklab_zoo::{Features, Model, Randomness, UpperTrunk};

use crate::{
    Error,
    checkpoint::{Counters, Snapshot, State},
    config::SelectBy,
    evaluation::Evaluation,
    event::{EpochSummary, Event},
    input::Input,
    optimizer::optimizer,
    phases::{Clock, Phases},
    scores::Scores,
    trial::{Outcome, Trial},
};

/// The streams of the seed that shuffles and dropout are drawn from; stream 0 is initial weights.
const SHUFFLES: u64 = 1 << 32;
const DROPOUT: u64 = 2 << 32;

/// Trains trials that [`Trial::joins`] says go together, or a single one: every step takes each of them
/// one step further. Events come with the place of their trial. One trial that diverges does not disturb
/// the others; each one's results are those that it has alone. A trial with a checkpoint joins in after
/// that epoch, and its results are those of a trial that never stopped.
///
/// # Errors
/// When images cannot be read, the cache cannot be written, or it was asked to stop before training
/// began; what goes wrong with one trial, and a stop while training, stands in its place.
pub fn run_together(
    trials: &[Trial<'_>],
    on_event: &mut dyn FnMut(usize, Event),
) -> Result<Vec<Result<Outcome, Error>>, Error> {
    let Some((first, others)) = trials.split_first() else { return Ok(Vec::new()) };
    if !others.iter().all(|other| first.joins(other)) {
        return Err(Error::Setting("these trials share no frozen part: train them one by one".to_owned()));
    }
    let mut phases = Phases::default();
    let stop = first.stop;
    let (mut input, mut feature_seconds) = first.input(&mut phases, &mut |event| on_event(0, event))?;
    let device = first.device.clone().autodiff();
    let mut upper = first.upper(&device)?;
    if let Some(upper) = &mut upper {
        feature_seconds +=
            first.add_frozen(&mut input, &upper.valid(), &mut phases, &mut |event| on_event(0, event))?;
        if phases.frozen_known {
            upper.forget_frozen_part();
        }
    }
    let valid_upper = upper.as_ref().map(Module::valid);
    let mut group = Group { first, input: &input, device, valid_upper, upper, members: Vec::new(), phases };
    for (place, trial) in trials.iter().enumerate() {
        let model = trial.model(group.upper.as_ref(), &group.device)?;
        let mut member = Member::new(place, trial, model)?;
        // The first trial waits for them; the others find them there.
        member.feature_seconds += if place == 0 { feature_seconds } else { 0.0 };
        group.members.push(member);
    }
    on_event(0, Event::FeaturesReady);

    let done = group.members.iter().map(|member| member.start).min().unwrap_or(0);
    for epoch in done + 1..=first.training.epochs {
        group.train_epoch(epoch, on_event)?;
        if stop.is_requested() {
            break;
        }
        group.validate(epoch, on_event)?;
        if group.members.iter().all(|member| member.diverged.is_some()) {
            break;
        }
    }
    if stop.is_requested() {
        return Ok(group.members.into_iter().map(Member::stopped).collect());
    }
    group.test(on_event)
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

/// One trial in training.
struct Member<'a> {
    place: usize,
    trial: &'a Trial<'a>,
    model: Model,
    optimizer: ModuleOptimizer,
    best: Option<Best>,
    diverged: Option<Error>,
    /// The epoch after which it joins in.
    start: usize,
    loss_sum: f64,
    correct: usize,
    /// Seconds of training, validation not counted: of this epoch and of all.
    epoch_seconds: f64,
    step_seconds: f64,
    /// Seconds of training and validating.
    train_seconds: f64,
    feature_seconds: f64,
}

struct Best {
    model: Model,
    epoch: usize,
    merit: f64,
}

/// What a step needs: features for each member, member by member, or the same for all.
struct Batch {
    features: Features,
    /// One list of images per member.
    images: Vec<Vec<usize>>,
}

impl<'a> Member<'a> {
    /// With a fresh `model`, or as its checkpoint has it.
    fn new(place: usize, trial: &'a Trial<'a>, model: Model) -> Result<Self, Error> {
        let member = Self {
            place,
            trial,
            model,
            optimizer: optimizer(trial.training),
            best: None,
            diverged: None,
            start: 0,
            loss_sum: 0.0,
            correct: 0,
            epoch_seconds: 0.0,
            step_seconds: 0.0,
            train_seconds: 0.0,
            feature_seconds: 0.0,
        };
        if let Some(checkpoint) = trial.checkpoint {
            let (model, optimizer, best) = checkpoint.restore(member.model, member.optimizer)?;
            let Counters { epoch, best_epoch, merit, feature_seconds, train_seconds, step_seconds } =
                checkpoint.counters;
            let best = Some(Best { model: best, epoch: best_epoch, merit });
            return Ok(Self {
                model,
                optimizer,
                best,
                start: epoch,
                feature_seconds,
                train_seconds,
                step_seconds,
                ..member
            });
        }
        Ok(member)
    }

    /// What is to be said of it when training was asked to stop.
    fn stopped(self) -> Result<Outcome, Error> {
        Err(self.diverged.unwrap_or(Error::Stopped))
    }

    /// The training images in this epoch's order.
    fn order(&self, epoch: usize) -> Vec<usize> {
        let mut order = self.trial.train.to_vec();
        order.shuffle(Randomness::new(self.trial.training.seed, SHUFFLES + epoch as u64).generator());
        order
    }

    /// Notes a step's scores, taken before it.
    fn record(
        &mut self,
        scores: &Scores,
        images: &[usize],
        epoch: usize,
        step: usize,
        on_event: &mut dyn FnMut(usize, Event),
    ) {
        let labels = self.trial.labels(images);
        let (loss, correct) = (scores.loss(&labels), scores.correct(&labels));
        let mean_loss = loss / images.len() as f64;
        if !mean_loss.is_finite() {
            self.diverged = Some(Error::Diverged { epoch, step, loss: mean_loss });
            return;
        }
        self.loss_sum += loss;
        self.correct += correct;
        let accuracy = correct as f64 / images.len() as f64;
        on_event(self.place, Event::Step { epoch, step, images: images.len(), loss: mean_loss, accuracy });
    }

    /// Keeps `model` if it is the best so far, and reports the epoch, whose last step was `step`.
    fn finish_epoch(
        &mut self,
        [epoch, step]: [usize; 2],
        model: Model,
        validation: &Evaluation,
        on_event: &mut dyn FnMut(usize, Event),
    ) {
        let (loss, accuracy) = (validation.loss(), validation.accuracy());
        if !loss.is_finite() {
            self.diverged = Some(Error::Diverged { epoch, step, loss });
            return;
        }
        let merit = match self.trial.training.select_by {
            SelectBy::ValidationAccuracy => accuracy,
            SelectBy::ValidationLoss => -loss,
            SelectBy::LastEpoch => epoch as f64,
        };
        let is_best = self.best.as_ref().is_none_or(|best| merit > best.merit);
        if is_best {
            self.best = Some(Best { model: model.clone(), epoch, merit });
        }
        let images = self.trial.train.len() as f64;
        let summary = EpochSummary {
            epoch,
            train_loss: self.loss_sum / images,
            train_accuracy: self.correct as f64 / images,
            validation_loss: loss,
            validation_accuracy: accuracy,
            train_seconds: self.epoch_seconds,
            images_per_second: images / self.epoch_seconds,
            best: is_best,
        };
        (self.loss_sum, self.correct) = (0.0, 0);
        on_event(self.place, Event::Epoch(summary));
        if is_best {
            on_event(self.place, Event::BestValidation(validation.probabilities().into()));
        }
        if let Some(best) = &self.best {
            let counters = Counters {
                epoch,
                best_epoch: best.epoch,
                merit: best.merit,
                feature_seconds: self.feature_seconds,
                train_seconds: self.train_seconds,
                step_seconds: self.step_seconds,
            };
            // Shared, not copied: whoever stores it reads it on a thread of its own.
            let best = (!is_best).then(|| best.model.clone());
            let state = State { counters, model, optimizer: self.optimizer.clone(), best };
            on_event(self.place, Event::Checkpoint(Snapshot(Arc::new(state))));
        }
    }
}

impl Group<'_> {
    /// The places of the members that train in this epoch.
    fn active(&self, epoch: usize) -> Vec<usize> {
        let trains = |member: &Member<'_>| member.diverged.is_none() && member.start < epoch;
        (0..self.members.len()).filter(|&place| trains(&self.members[place])).collect()
    }

    /// Adds the seconds since `started` to those of the members at `places`, each its share.
    fn add_train_seconds(&mut self, places: &[usize], started: Instant) {
        let seconds = started.elapsed().as_secs_f64() / places.len().max(1) as f64;
        for &place in places {
            self.members[place].train_seconds += seconds;
        }
    }

    fn train_epoch(&mut self, epoch: usize, on_event: &mut dyn FnMut(usize, Event)) -> Result<(), Error> {
        let active = self.active(epoch);
        if active.is_empty() {
            return Ok(());
        }
        let (stop, batch_size) = (self.first.stop, self.first.training.batch_size.max(1));
        let steps = self.first.train.len().div_ceil(batch_size);
        for &place in &active {
            on_event(place, Event::EpochStarted { epoch, epochs: self.first.training.epochs, steps });
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
                    // Nobody listens any more when training was given up.
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
        on_event: &mut dyn FnMut(usize, Event),
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
            if member.diverged.is_some() {
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

    fn validate(&mut self, epoch: usize, on_event: &mut dyn FnMut(usize, Event)) -> Result<(), Error> {
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
    fn test(mut self, on_event: &mut dyn FnMut(usize, Event)) -> Result<Vec<Result<Outcome, Error>>, Error> {
        let started = Instant::now();
        let active = self.active(usize::MAX);
        if active.is_empty() {
            return Ok(self.members.into_iter().filter_map(|member| member.diverged).map(Err).collect());
        }
        for &place in &active {
            on_event(place, Event::TestStarted { images: self.first.test.len() });
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
            if let Some(diverged) = member.diverged {
                return Err(diverged);
            }
            let Some((best, evaluation)) = tested.next() else {
                return Err(Error::Setting("the trial was not tested".to_owned()));
            };
            Ok(Outcome {
                best_epoch: best.epoch,
                model: best.model.to_safetensors()?,
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
