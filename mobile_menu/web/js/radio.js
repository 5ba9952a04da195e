// What a phone would receive of beacons: log-distance path loss with the noise of a room. Pure, given its chance.

/** A − 10 n log10(d), in dBm. Distances below 10 cm count as 10 cm. */
export function meanRssi(distance, powerAt1m, exponent) {
  return powerAt1m - 10 * exponent * Math.log10(Math.max(distance, 0.1));
}

/** A normally distributed number, mean 0 and deviation 1 (Box and Muller). random(): uniform in [0, 1). */
export function gauss(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Sightings as the service takes them: of each frame of the spot several readings, in whole dBm; too weak ones are lost. */
export function sightingsAt(spot, model, random = Math.random) {
  const seen = [];
  for (let reading = 0; reading < model.readings; reading += 1) {
    for (const frame of spot.frames) {
      const rssi = Math.round(meanRssi(frame.distance_m, frame.power_at_1m_dbm, model.exponent) + model.noise_db * gauss(random));
      if (rssi >= model.weakest_dbm) seen.push({ kind: frame.kind, id: frame.id, rssi_dbm: Math.min(rssi, -1), tx_power_dbm: frame.tx_power_dbm });
    }
  }
  return seen;
}
