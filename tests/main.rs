//! The one integration binary: every module is a behaviour, and every test goes through a front door.

mod architecture;
mod arguments;
mod readme;
mod world;
