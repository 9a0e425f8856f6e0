//! The runs database from outside: records, sharing, refusals, views and the documentation's queries.

#![allow(clippy::unwrap_used)]

mod additions;
mod analysis_plans;
mod availability;
mod commits;
mod dialects;
mod documentation;
mod fixture;
mod leases;
mod locks;
mod lost;
mod opening;
mod place;
mod portability;
mod postgres;
mod proxy;
mod reading;
mod records;
mod sharing;
mod summaries;
mod transfer;
mod upgrades;
mod views;
