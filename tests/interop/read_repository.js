// read_repository.js REPOSITORY ROOT STATE: as a host of somebody else's making, refreshes from the
// directory, starting from a trusted root.json, and fetches every target it is offered. Prints one
// line a target, "PATH SHA256"; fails when anything is not as it was signed.
'use strict'

const crypto = require('crypto')
const fs = require('fs')
const path = require('path')
const { BaseFetcher, Updater } = require('tuf-js')
const { DownloadHTTPError } = require('tuf-js/dist/error')

class DirectoryFetcher extends BaseFetcher {
  async fetch (url) {
    const file = new URL(url)
    if (!fs.existsSync(file)) throw new DownloadHTTPError('no such file', 404)
    return fs.createReadStream(file)
  }
}

async function main ([repository, root, state]) {
  const targets = path.join(state, 'targets')
  fs.mkdirSync(targets, { recursive: true })
  fs.copyFileSync(root, path.join(state, 'root.json'))
  const base = 'file://' + path.resolve(repository)
  const updater = new Updater({
    metadataDir: state,
    metadataBaseUrl: base + '/metadata',
    targetDir: targets,
    targetBaseUrl: base + '/targets',
    fetcher: new DirectoryFetcher()
  })
  await updater.refresh()
  const offered = JSON.parse(fs.readFileSync(path.join(state, 'targets.json'))).signed.targets
  for (const name of [...Object.keys(offered), 'brake.json']) {
    const target = await updater.getTargetInfo(name)
    if (!target) throw new Error(name + ': nobody offers it')
    const file = path.join(targets, encodeURIComponent(name))
    await updater.downloadTarget(target, file)
    const hash = crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex')
    console.log(name + ' ' + hash)
  }
}

main(process.argv.slice(2)).catch(error => {
  console.error(String(error))
  process.exit(1)
})
